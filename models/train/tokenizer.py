#!/usr/bin/env python3
"""Train the byte-level BPE tokenizer (8192 entries) on the corpus. Frozen at its first export: tokenizer.json beside
this file is what every model, module and test depends on, so run this again only for a new generation of models.

Pre-tokens: a newline together with the indentation after it is one; digits stand alone; identifiers keep `_` and `$`
and take at most one leading space; punctuation never joins an identifier. A line end is therefore always a token border.
"""

import json
import os
import random
import re
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from work import TOKENIZER, WORK

# The order is the contract (CONTRACT.md): ids 0 to 8, then 16 reserved.
SPECIAL_TOKENS = [
    "<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>", "<|im_start|>", "<|im_end|>",
] + [f"<|reserved_{i}|>" for i in range(16)]
END, FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE, FIM_PAD, REPO_NAME, FILE_SEP, IM_START, IM_END = range(9)
N_SPECIAL = len(SPECIAL_TOKENS)

VOCABULARY = 8192
PATTERN = (r"\r?\n[\r\n\t ]*| ?[\p{L}\p{M}_$]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}_$]+"
           r"|[^\S\r\n]+(?=[^\S\r\n])|[^\S\r\n]+|\s")

# Characters of each language to learn from; TypeScript leads, Python is a second language.
SHARES = {"ts": 34e6, "tsx": 10e6, "js": 16e6, "py": 8e6, "dts": 3e6, "json": 1.5e6, "md": 2e6, "css": 0.5e6, "html": 0.2e6}

SPECIAL_IN_TEXT = re.compile("|".join(re.escape(token) for token in SPECIAL_TOKENS[:9]) + r"|<\|reserved_\d+\|>")


def escape_special(text):
    """Break up a literal special token in ordinary text, so that it can never act as one."""
    return SPECIAL_IN_TEXT.sub(lambda match: match.group(0).replace("<|", "< |"), text)


def load():
    return Tokenizer.from_file(TOKENIZER)


def encode(tokenizer, text):
    """Text → ids; special tokens written in the text are escaped, none is added."""
    return tokenizer.encode(escape_special(text), add_special_tokens=False).ids


def untrained():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def sample_texts(seed):
    """Training texts in random order, each language up to its share; long files give their first 20,000 characters."""
    with open(os.path.join(WORK, "corpus.jsonl"), encoding="utf-8") as file:
        files = [entry for entry in map(json.loads, file) if entry["split"] == "train"]
    random.Random(seed).shuffle(files)
    left = dict(SHARES)
    for entry in files:
        if left.get(entry["language"], 0) > 0:
            text = escape_special(entry["text"][:20_000])
            left[entry["language"]] -= len(text)
            yield text


def main():
    if os.path.exists(TOKENIZER) and "--replace" not in sys.argv:
        sys.exit("tokenizer.json is frozen; --replace starts a new generation of models and modules")
    tokenizer = untrained()
    tokenizer.train_from_iterator(sample_texts(seed=1), trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL_TOKENS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=10, max_token_length=24, show_progress=False))
    tokenizer.save(TOKENIZER)
    print("vocabulary", tokenizer.get_vocab_size())


if __name__ == "__main__":
    main()
