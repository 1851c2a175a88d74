"""Where things lie: HERE is this folder, WORK the folder for everything large (never in the checkout)."""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.environ.get("RESIDUAL_WORK", os.path.expanduser("~/.cache/residual-train"))
# The small models that are trained here are fixtures of the tests.
MODELS = os.path.join(HERE, "..", "..", "test", "fixtures", "models", "residual-6m")
# The one copy of the frozen tokenizer lies with the proposal that ships it.
TOKENIZER = os.path.join(MODELS, "proposals", "residual-6m", "tokenizer.json")
os.makedirs(WORK, exist_ok=True)
