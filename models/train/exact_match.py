"""Exact match of single-line completions on fixed held-out cuts, asked in each form.

Greedy decoding gives back the truth exactly when, reading the truth, the model ranks every token of it first and then
a line end or the end token. So one forward pass a cut suffices, and nothing is generated.
"""

import numpy as np
import torch

from prepare import LANGUAGES
from rows import suffix_after
from tokenizer import END, FILE_SEP, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX

FORMS = ("plain", "suffix-first", "prefix-first")
PREFIX_LIMIT, SUFFIX_LIMIT, TRUTH_LIMIT = 320, 128, 40


def held_out_cuts(store, vocabulary, n, seed=11):
    """[(header, P, S, truth)]: half from the first word of a line, half from a token border inside one; TS, TSX and JS."""
    rng = np.random.default_rng(seed)
    wanted = [LANGUAGES.index(name) for name in ("ts", "tsx", "js")]
    files = np.flatnonzero(np.isin(store.language, wanted) & (store.lengths > 200))
    per_package, cuts = {}, []
    while len(cuts) < n:
        i = int(rng.choice(files))
        package = int(store.package[i])
        if per_package.get(package, 0) >= max(3, n // 20):
            continue
        tokens = store.tokens(i)
        ends = vocabulary.line_ends(tokens)
        if len(ends) < 8:
            continue
        k = int(rng.integers(3, len(ends)))
        begin, end = int(ends[k - 1]) + 1, int(ends[k])
        while begin < end and vocabulary.is_blank[tokens[begin]]:
            begin += 1
        if len(cuts) % 2 and end - begin > 2:
            begin = int(rng.integers(begin + 1, end))
        text = vocabulary.decode(tokens[begin:end])
        if len(text.strip()) < 4 or text.strip().startswith(("*", "//", "/*", "import ")) or end - begin > TRUTH_LIMIT:
            continue
        per_package[package] = per_package.get(package, 0) + 1
        suffix = suffix_after(vocabulary, tokens, end, SUFFIX_LIMIT)
        cuts.append((store.header(i).tolist(), tokens[max(0, begin - PREFIX_LIMIT):begin].tolist(), suffix, tokens[begin:end].tolist()))
    return cuts


def prompt(form, header, prefix, suffix):
    if form == "plain":
        return [FILE_SEP, *header, *prefix]
    if form == "suffix-first":
        return [FIM_PREFIX, FIM_SUFFIX, *suffix, FIM_MIDDLE, *header, *prefix]
    return [FIM_PREFIX, *header, *prefix, FIM_SUFFIX, *suffix, FIM_MIDDLE]


@torch.no_grad()
def exact_match(model, cuts, vocabulary):
    """→ {form: share of cuts completed exactly}, and the same for the first token alone."""
    device = next(model.parameters()).device
    stops = torch.from_numpy(vocabulary.starts_line).to(device).clone()
    stops[END] = True
    result = {}
    for form in FORMS:
        exact = first = 0
        for header, prefix, suffix, truth in cuts:
            before = prompt(form, header, prefix, suffix)
            hidden = model.hidden(torch.tensor([before + truth], device=device))[0, len(before) - 1:]
            best = torch.nn.functional.linear(hidden, model.embedding.weight.to(hidden.dtype)).argmax(-1)
            right = best[:-1] == torch.tensor(truth, device=device)
            first += bool(right[0])
            exact += bool(right.all()) and bool(stops[best[-1]])
        result[form] = dict(exact=round(exact / len(cuts), 4), first_token=round(first / len(cuts), 4))
    return result
