"""Where things lie: HERE is this folder, WORK the folder for everything large (never in the checkout)."""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.environ.get("RESIDUAL_WORK", os.path.expanduser("~/.cache/residual-train"))
# The one copy of the frozen tokenizer lies with the proposal that ships it.
TOKENIZER = os.path.join(HERE, "..", "proposals", "residual-6m", "tokenizer.json")
os.makedirs(WORK, exist_ok=True)
