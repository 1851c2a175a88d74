"""Rows of numbers for the reference implementation's decoding modes, in its own order of operations.

The order is that of the Residual Alignment Model's code (arXiv 2505.19700, gavin1332/residual-alignment-model):
who is in the proposal's nucleus is decided at the base temperature (the crossing token is kept), the aligner's
logits survive there, and only then come temperature, repetition penalty and top-p, for which this script uses the
`transformers` processors themselves. Rows are log-probabilities, so that the repetition penalty, which is not
invariant to a constant, sees the same numbers everywhere.

Usage: python make.py > cases.json          (needs torch and transformers)
"""

import json

import torch
from transformers.generation.logits_process import RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopPLogitsWarper

VOCAB, END = 12, 3
BASE_T, BASE_TOP_P, KL_MAX = 0.5, 0.95, 0.1


def in_nucleus(logits, temperature, top_p):
    """Boolean mask of the nucleus; the token that crosses the threshold is kept."""
    order = torch.argsort(logits, descending=True, stable=True)
    mass = torch.softmax(logits[order] / temperature, -1)
    keep_sorted = (mass.cumsum(-1) - mass) <= top_p
    keep = torch.zeros_like(logits, dtype=torch.bool)
    keep[order] = keep_sorted
    return keep


def par(p, q):
    if int(p.argmax()) == END:
        return torch.full_like(p, -torch.inf).index_fill(0, torch.tensor([END]), 1.0)
    return torch.where(in_nucleus(p, BASE_T, BASE_TOP_P), q, -torch.inf)


def par_kl(p, q):
    kl = torch.nn.functional.kl_div(q.log_softmax(-1), p.softmax(-1), reduction="sum")
    return torch.where(in_nucleus(p, BASE_T, BASE_TOP_P), q, -torch.inf) if kl <= KL_MAX else p


def mds(p, q, expert_temperature):
    product = torch.softmax(p / BASE_T, -1) * torch.softmax(q / expert_temperature, -1)
    return torch.log(product / product.sum() + 1e-10)


def finish(logits, history, temperature, penalty, top_p):
    row = logits[None]
    row = TemperatureLogitsWarper(temperature)(None, row)
    row = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([history]), row)
    row = TopPLogitsWarper(top_p)(None, row)
    return row[0].softmax(-1)


def main():
    generator = torch.Generator().manual_seed(7)
    cases = []
    for i in range(24):
        p = (torch.randn(VOCAB, generator=generator, dtype=torch.float64) * 2).log_softmax(-1)
        noise = torch.randn(VOCAB, generator=generator, dtype=torch.float64)
        q = (p + noise * (0.2 if i % 2 else 1.5)).log_softmax(-1)
        if i % 6 == 0:
            p[END] = p.max() + 1
            p = p.log_softmax(-1)
        history = [int(x) for x in torch.randint(0, VOCAB, (3,), generator=generator)]
        temperature, penalty, top_p, expert = (1.0, 0.7)[i % 2], 1.05, 0.9, (1.0, 0.8)[i % 2]
        for mode, warped in (("par", par(p, q)), ("par_kl", par_kl(p, q)), ("mds", mds(p, q, expert))):
            probs = finish(warped.clone(), history, temperature, penalty, top_p)
            cases.append(
                dict(mode=mode, p=p.tolist(), q=q.tolist(), history=history, endToken=END, baseTemperature=BASE_T,
                     baseTopP=BASE_TOP_P, expertTemperature=expert, temperature=temperature, penalty=penalty, topP=top_p,
                     probs=probs.tolist())
            )
    print(json.dumps(cases))


main()
