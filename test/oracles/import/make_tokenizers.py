"""Writes tokenizers.json: what the Rust tokenizers make of odd strings, for every way of cutting text that importing knows.

    python test/oracles/import/make_tokenizers.py        (tokenizers 0.23)

One small vocabulary for all, trained on whole lines, so that its merges reach across every border that a pre-tokenizer
could draw and each border that is missed shows. Patterns as in llama.cpp's src/llama-vocab.cpp, where a comment there
gives the original of tokenizer.json: that one.
"""
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
SEED = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1}|").replace(r" ?[^\s\p{L}\p{N}]+[\r\n]*", r" ?[^\s\p{L}\p{N}\r\n]+")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
# By code point, because editors and clipboards normalise some of these letters into their twins.
DEEPSEEK_LETTERS = (
    "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
    "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f"
    "\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79"
    "-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-"
    "\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-"
    "\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-"
    "\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-"
    "\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943]+"
)
DEEPSEEK_PUNCTUATION = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"
STAGES = {
    "qwen2": [QWEN2],
    "llama-bpe": [LLAMA3],
    "dbrx": [LLAMA3],
    "smaug-bpe": [LLAMA3],
    "gpt-2": [GPT2],
    "mellum": [GPT2],
    "starcoder": [r"\p{N}", GPT2],
    "refact": [r"\p{N}", GPT2],
    "smollm": [r"\p{N}", GPT2],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, r"\p{N}"],
    "deepseek-llm": ["[\r\n]", DEEPSEEK_LETTERS, DEEPSEEK_PUNCTUATION, r"\s+$", CJK, r"\p{N}+"],
    "seed-coder": [SEED],
}

TYPESCRIPT = """export async function load<T>(url: string, { retries = 3, signal }: Options = {}): Promise<T> {
\tfor (let attempt = 0; attempt <= retries; attempt++) {
\t\tconst response = await fetch(`${url}?n=${attempt}`, { signal });
\t\tif (response.ok) return (await response.json()) as T; // it's fine
\t}

\tthrow new Error("couldn't load " + url);
}
"""
PYTHON = """@dataclass(frozen=True)
class Point:
    x: float = 0.0
    y: float = -1e-10

    def __add__(self, other: "Point") -> "Point":
        \"\"\"Don't add 0x1F or 1_000_000.\"\"\"
        return Point(self.x + other.x,
                     self.y + other.y)
"""
TEXTS = [
    "",
    " ",
    "\n",
    "a",
    TYPESCRIPT,
    TYPESCRIPT.replace("\n", "\r\n"),
    PYTHON,
    "one\r\n\r\n\r\n  two\r\n \r\n\tthree\r\n",
    "\r\r\n\n\r a \r\n;\r\n",
    "a\n\n\n    b\n\n \n  \n   c   \n",
    "if (x) {\n\n    }\n  );\n\n\n}",
    "const x = 1;" + " " * 300 + "y;" + " " * 129,
    "\t\t\t    \t x\t \ty",
    "    \t  \n\t  return  \t;",
    "x  +  y   =    z",
    "it's we're I'm they've he'll she'd can't",
    "IT'S WE'RE I'M THEY'VE HE'LL SHE'D CAN'T Ve'Re'lL",
    "'s 't's''s' 'Sx a'\u017f b'\u017ft '\u212a",
    "po\u017ft la\u017ft mo\u017ft; it'\u017ft an'\u017ft",
    "rock'n'roll l'été d'Arc O'Re",
    "0 12 345 6789 1234567890123 3.14159 1,000,000 0xFF 1e-10 007",
    "x1 y22z 333a4 v1.2.3-rc.4",
    "½ ² ³ ٣٤٥ Ⅷ 一二三 ৪৫ １２３ ①②",
    "日本語のテキストと、漢字。中文字符，标点！한국어 문장。",
    "变量 = 函数(参数)；\u3000全角　空白 ＡＢＣ：ａｂｃ",
    "😀 👩‍👩‍👧‍👦 👍🏽🏳️‍🌈 x😀y 🇩🇪",
    "caf\u00e9 cafe\u0301 na\u00efve nai\u0308ve \u1e9b\u0323 \u1100\u1161\u11a8 a\u0338= \u212b\u2126",
    "Z\u0351a\u036b\u0352l\u0326g\u030fo\u0321 \u0301start \u0e01\u0e34\u0e19 \u0928\u093f",
    "ﬁ ﬂ ŐŰ ß ẞ İı Ǆ Ω K Å µ µ ϵ ѐ Ԁ Ⴀ Ꭰ ᲐᲽ ᴀᵫ 𐐀 𞤀 ⅅ",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \u202eabc\u202c \u200f(x)",
    "a\u00a0b\u00a0\u00a0c \u00a0 d\u202fe",
    "a\u2028b\u2029c\u0085d\u000be\u000cf\u2003g\u1680h",
    "a\u200bb\u200dc\ufeffd\u180ee\u2060f\u00adg",
    "\x00\x01\x1b[31m\x7f\x1c \x1f",
    "→ ⇒ ∀x∈ℝ: ⌈x⌉ ≤ ∞ │─┐ █▓ ✓✗ €£¥ ©®™ §¶ °C",
    "¿Qué? «Été» „Zitat“ ‘a’ “b” … – — ・ 〜 、。",
    "...,,;;::!!??--__==++**//\\\\||&&^^~~``@@##$$%%",
    "()=>{}[]<></>({});\n});\n\n",
    "a_b __init__ $el #tag @dec x?.y ?? z!; a->b c::d",
    "https://example.org/a?b=c&d=%20#e-f user@host.tld C:\\dir\\file",
    "snake_case camelCase PascalCase SCREAMING_CASE kebab-case 日本Latin混ざる",
    "const \"const\" (const const) constant, return;return",
    "trailing spaces   \nand tabs\t\t\n   ",
    "<tool_call>{\"a\": 1}</tool_call><tool_call",
    "   <tool_call>   'll<tool_call>'ll 12<tool_call>34",
    "e\u0301" * 40 + "x" * 200 + "=" * 100,
]

# Words that are tokens although no merges make them: only where merges are passed over do they come up.
WHOLE = [" const", " return", "1234", " =>", "일이"]


def train() -> tuple[dict[str, int], list[tuple[str, str]]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1100,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<|endoftext|>"],
        show_progress=False,
        max_token_length=12,
    )
    texts = [text for text in TEXTS if "<tool_" not in text]
    lines = [line for text in texts for line in (text, *text.splitlines(keepends=True), *text.split(" "))]
    tokenizer.train_from_iterator(sorted(lines), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def main() -> None:
    vocab, merges = train()
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for word in WHOLE:
        vocab.setdefault(spell.pre_tokenize_str(word)[0][0], len(vocab))
    tool = len(vocab)
    ids = {}
    for pre, stages in STAGES.items():
        tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=pre == "llama-bpe"))
        splits = [pre_tokenizers.Split(Regex(stage), "isolated") for stage in stages]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, spell])
        tokenizer.decoder = decoders.ByteLevel()
        if pre == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False, special=False)])
        ids[pre] = [tokenizer.encode(text).ids for text in TEXTS]
    tokens = [*sorted(vocab, key=vocab.__getitem__), "<tool_call>"]
    types = [3, *[1] * (tool - 1), 4, *[5] * 3]
    tokens += [f"[PAD{tool + i}]" for i in (1, 2, 3)]
    out = {"tokens": tokens, "types": types, "merges": [" ".join(merge) for merge in merges], "texts": TEXTS, "ids": ids}
    path = Path(__file__).with_name("tokenizers.json")
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in out.items() if key != "ids")
    body = ",\n".join(f" {json.dumps(pre)}: {json.dumps(rows, separators=(',', ':'))}" for pre, rows in ids.items())
    path.write_text(f'{{{head},\n"ids": {{\n{body}\n}}}}\n', encoding="utf-8")
    for pre, rows in ids.items():
        print(pre, sum(map(len, rows)), "tokens;", sum(a != b for a, b in zip(rows, ids["gpt-2"])), "texts unlike gpt-2's")


main()
