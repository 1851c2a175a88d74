#!/usr/bin/env python3
"""Write test/oracles/tokenizer/cases.json: texts and the ids that the Rust tokenizer gives them.

The engine tokenises in JavaScript; its ids must be the same. Each case is { name, text, ids }, encoded without
adding special tokens. Special tokens that stand in the text are *not* escaped here: the cases named `special …` say
what each one encodes to.
"""

import json
import os
import random

import tokenizer as tokenizer_module
from work import HERE, WORK

OUT = os.path.join(HERE, "..", "..", "test", "oracles", "tokenizer", "cases.json")
N_FILES, FILE_CHARS = 30, 3000

ODD = {
    "empty": "", "one space": " ", "spaces": "     ", "newline": "\n", "blank lines": "\n\n\n", "trailing spaces": "a  \n\tb\n",
    "indentation": "\n        if (x) {\n            y();\n        }\n", "tabs": "\t\tif\n\t\t\tx\n", "crlf": "a\r\nb\r\n\r\n  c",
    "carriage return alone": "a\rb", "digits": "const x = 1234567890.25e-10;", "hex": "0xDEADBEEF_n",
    "identifiers": "_private $scope fooBarBaz SCREAMING_SNAKE_CASE kebab-case a1b2", "member chain": "a?.b!.c['d'].e(f)(g)`h${i}`",
    "operators": "a ??= b >>> 2 ** c !== d && !e || (f, g) => ({...h})", "accents": "café naïve Ångström façade",
    "combining": "e\u0301 n\u0303", "cjk": "日本語のコメント 中文 한국어", "emoji": "👍🏽 👨‍👩‍👧 ✨", "rtl": "שלום עולם مرحبا",
    "zero width": "a\u200bb\ufeffc\u2028d", "nbsp": "a\u00a0b\u3000c", "byte order mark": "\ufeffimport x from 'x'",
    "control": "a\u0000b\u001bc\u007f", "regex literal": r"/^[\w.+-]+@(?:\d{1,3}\.)+\p{L}$/giu", "jsx": "<Foo.Bar<T> {...p} a='b'>{c}&nbsp;</Foo.Bar>",
    "template": "`a ${b ? `c${d}` : ''} \\u{1F600}`", "long word": "a" * 300, "long line of punctuation": "=" * 120,
    "path header": "src/core/model.ts\n", "special end": "<|endoftext|>", "special inside": "a<|fim_prefix|>b<|fim_suffix|>c<|fim_middle|>d",
    "special broken": "<|fim_prefix |> <| im_start|>", "special reserved": "<|reserved_0|><|reserved_15|><|reserved_16|>",
}


def main():
    tokenizer = tokenizer_module.load()
    rng = random.Random(4)
    with open(os.path.join(WORK, "corpus.jsonl"), encoding="utf-8") as corpus:
        files = [entry for entry in map(json.loads, corpus) if entry["split"] == "held-out" and len(entry["text"]) > 800]
    cases = [dict(name=name, text=text) for name, text in ODD.items()]
    for language in ("ts", "tsx", "js", "py", "json", "css", "md"):
        matching = [entry for entry in files if entry["language"] == language]
        for entry in rng.sample(matching, min(len(matching), N_FILES // 6)):
            start = rng.randrange(max(1, len(entry["text"]) - FILE_CHARS))
            name = f"{entry['package']} {entry['path']} ({entry['licence']})"
            cases.append(dict(name=name, text=entry["text"][start:start + FILE_CHARS]))
    for case in cases:
        case["ids"] = tokenizer.encode(case["text"], add_special_tokens=False).ids
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases) + "\n]\n")
    print(len(cases), "cases,", os.path.getsize(OUT), "bytes")


if __name__ == "__main__":
    main()
