#!/usr/bin/env python3
"""Train a decoder, on a CPU or a GPU. One long run at constant rate; shippable models branch off it by a decay.

  train.py run NAME --size proposal-6m [--minutes M]           start or resume $RESIDUAL_WORK/runs/NAME
  train.py run NAME --from RUN                                 a long run that takes up where RUN, decayed or not, ended
  train.py decay NAME --from RUN --minutes M                   linear decay to zero from RUN's last checkpoint
  train.py tune NAME --from RUN --domain react --minutes M     fine-tune on one domain's files, rate decaying to zero
  train.py tune NAME --from RUN --layers 0,1,4 --minutes M     a shallower model out of some of RUN's layers, healed

Everything lies in $RESIDUAL_WORK/runs/NAME: checkpoint.pt (weights, optimisers, step, row counter; replaced
atomically), log.jsonl, and for decay and tune final.pt (weights alone).

The schedule is warm-up, constant, decay (WSD; Hägele et al., arXiv 2405.18392). Matrices are trained by Muon
(Jordan et al., https://kellerjordan.github.io/posts/muon/), the embedding and the norms by Adam.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import json
import queue
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import torch

import tokenizer as tokenizer_module
from exact_match import exact_match, held_out_cuts
from model import SIZES, Decoder, load_model, save_model
from prepare import TokenStore
from rows import ROW, RowBuilder, Vocabulary
from work import WORK

MATRIX_RATE, EMBEDDING_RATE, NORM_RATE = 0.02, 0.004, 0.002
WARM_UP_STEPS = 20
PLAIN_TOKENS = 1_500_000          # the curriculum's first part is nearly all plain continuation


# ---- optimiser ------------------------------------------------------------------------------------------------------

def orthogonalise(gradient, n_steps=5):
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrix, in bfloat16. gradient [out, in] → same shape."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = gradient.bfloat16()
    tall = x.size(0) > x.size(1)
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(n_steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised. `parts[p]` are the row counts of the matrices that p stacks."""

    def __init__(self, matrices, parts, lr, momentum=0.95):
        super().__init__(matrices, dict(lr=lr, momentum=momentum))
        self.parts = parts

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(state["momentum"], group["momentum"])
                pieces = [orthogonalise(part) * max(1, part.size(0) / part.size(1)) ** 0.5
                          for part in update.split(self.parts.get(p, [p.size(0)]), 0)]
                p.add_(torch.cat(pieces, 0), alpha=-group["lr"])


def make_optimisers(model, scale=1.0):
    c = model.config
    matrices, parts, norms = [], {}, [model.final_norm]
    for block in model.blocks:
        matrices += [block.qkv.weight, block.output.weight, block.gate_up.weight, block.down.weight]
        norms += [block.attention_norm, block.mlp_norm, block.query_norm, block.key_norm]
        parts[block.qkv.weight] = [c.heads * c.head_dim, c.kv_heads * c.head_dim, c.kv_heads * c.head_dim]
        parts[block.gate_up.weight] = [c.hidden, c.hidden]
    optimisers = [
        Muon(matrices, parts, lr=MATRIX_RATE * scale),
        torch.optim.AdamW([dict(params=[model.embedding.weight], lr=EMBEDDING_RATE * scale), dict(params=norms, lr=NORM_RATE * scale)],
                          betas=(0.9, 0.95), weight_decay=0.0)]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["full_lr"] = group["lr"]
    return optimisers


# ---- data -----------------------------------------------------------------------------------------------------------

class Batches:
    """Builds rows ahead in threads. Rows depend on their index alone, so a resumed run goes on where it stopped."""

    def __init__(self, builder_at, first_row, batch, n_threads=1):
        self.builder_at, self.batch = builder_at, batch
        self.slots = [queue.Queue(2) for _ in range(n_threads)]
        for k, slot in enumerate(self.slots):
            threading.Thread(target=self._fill, args=(slot, first_row + k * batch, n_threads * batch), daemon=True).start()
        self.k = 0

    def _fill(self, slot, row, stride):
        while True:
            rows = [self.builder_at(row + i).row(row + i) for i in range(self.batch)]
            slot.put([torch.from_numpy(np.stack(column)) for column in zip(*rows)])
            row += stride

    def next(self):
        """→ (tokens, targets), each int64 [batch, row]."""
        tokens, targets = self.slots[self.k % len(self.slots)].get()
        self.k += 1
        return tokens, targets


def curriculum(store, vocabulary, seed, options):
    """Row index → builder: nearly all plain at first, then the served mixture."""
    start = RowBuilder(store, vocabulary, seed, suffix_first=0.05, prefix_first=0.0, length=options.row)
    main = RowBuilder(store, vocabulary, seed, prefix_loss=options.prefix_loss, length=options.row)
    n_start = 0 if options.source else PLAIN_TOKENS // options.row
    return lambda row: start if row < n_start else main


class ProposalSamples:
    """Responses that the proposal drew offline (sample.py), in batches, for the second term of the RAM objective."""

    def __init__(self, path, batch, seed):
        saved = np.load(path)
        self.tokens, self.targets = saved["tokens"].astype(np.int64), saved["targets"].astype(np.int64)
        self.batch, self.rng = batch, np.random.default_rng(seed)

    def next(self):
        rows = self.rng.choice(len(self.tokens), self.batch, replace=False)
        return torch.from_numpy(self.tokens[rows]), torch.from_numpy(self.targets[rows])


# ---- the loop -------------------------------------------------------------------------------------------------------

def keep_layers(model, layers):
    """A shallower decoder with the embedding and some layers of a trained one. It needs some training to close the gaps."""
    shallow = Decoder(replace(model.config, layers=len(layers)))
    shallow.embedding, shallow.final_norm = model.embedding, model.final_norm
    shallow.blocks = torch.nn.ModuleList([model.blocks[i] for i in layers])
    return shallow


class Run:
    """A folder with a model, its optimisers and its place in the data."""

    def __init__(self, options):
        self.folder = os.path.join(WORK, "runs", options.name)
        os.makedirs(self.folder, exist_ok=True)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.checkpoint = os.path.join(self.folder, "checkpoint.pt")
        self.step = self.rows = self.fresh_at = 0     # fresh_at: the step at which the optimisers last started afresh
        self.trained_tokens = self.seconds = 0
        path = self.checkpoint
        resumed = os.path.exists(path)
        if not resumed and options.source:
            source = os.path.join(WORK, "runs", options.source)
            path = os.path.join(source, "checkpoint.pt")
            if options.what == "tune" and os.path.exists(os.path.join(source, "final.pt")):
                path = os.path.join(source, "final.pt")
        if resumed or options.source:
            self.model, saved = load_model(path)
            if options.layers and not resumed:
                self.model = keep_layers(self.model, [int(i) for i in options.layers.split(",")])
            self.model.to(self.device)
            self.trained_tokens = saved.get("tokens", 0)
        else:
            torch.manual_seed(options.seed)
            self.model, saved = Decoder(SIZES[options.size]).to(self.device), {}
        self.model.train()
        self.optimisers = make_optimisers(self.model, options.rate)
        if "optimisers" in saved and (resumed or options.what != "tune"):
            for optimiser, state in zip(self.optimisers, saved["optimisers"]):
                optimiser.load_state_dict(state)
            self.fresh_at = saved.get("fresh_at", 0)
        elif resumed:
            self.fresh_at = saved["step"]
        if resumed or (options.source and options.what != "tune"):
            self.rows = saved["rows"]
        if resumed:
            self.step, self.seconds = saved["step"], saved["seconds"]
        self.log_file = open(os.path.join(self.folder, "log.jsonl"), "a")

    def save(self):
        temporary = self.checkpoint + ".new"
        save_model(temporary, self.model, optimisers=[o.state_dict() for o in self.optimisers], step=self.step, rows=self.rows,
                   fresh_at=self.fresh_at, tokens=self.trained_tokens, seconds=self.seconds)
        os.replace(temporary, self.checkpoint)

    def log(self, **entry):
        line = json.dumps(dict(time=time.strftime("%H:%M:%S"), step=self.step, tokens=self.trained_tokens, **entry))
        print(line, file=self.log_file, flush=True)
        print(line, flush=True)

    def autocast(self):
        return torch.autocast(self.device, dtype=torch.bfloat16)


def rate_at(options, n_steps, elapsed_s):
    """Share of the full rate after so many steps of its optimisers: warm-up, then constant (run) or linear to zero over the given minutes (decay, tune)."""
    warm = min(1.0, (n_steps + 1) / WARM_UP_STEPS) if options.what != "decay" else 1.0
    if options.what == "run":
        return warm
    return warm * max(0.0, 1 - elapsed_s / (60 * options.minutes))


@torch.no_grad()
def held_out_loss(run, rows):
    run.model.eval()
    total = 0.0
    for tokens, targets in rows:
        with run.autocast():
            total += run.model.loss(tokens.to(run.device), targets.to(run.device)).item()
    run.model.train()
    return total / len(rows)


def report(run, vocabulary, cuts, rows):
    run.model.eval()
    with run.autocast():
        exact = exact_match(run.model, cuts, vocabulary)
    run.log(held_out=round(held_out_loss(run, rows), 4), **{form: list(v.values()) for form, v in exact.items()})


def train(options):
    torch.set_num_threads(options.threads)
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")
    vocabulary = Vocabulary(tokenizer_module.load())
    store, held_out = TokenStore("train"), TokenStore("held-out")
    run = Run(options)
    if options.domain:
        # Domain files, with some general code against forgetting.
        domain = RowBuilder(store, vocabulary, options.seed, files=store.in_domain(options.domain), prefix_loss=options.prefix_loss,
                            length=options.row)
        general = RowBuilder(store, vocabulary, options.seed + 1, length=options.row)
        builder_at = lambda row: general if row % 8 == 0 else domain
        test_builder = RowBuilder(held_out, vocabulary, 5, files=held_out.in_domain(options.domain))
    else:
        builder_at = curriculum(store, vocabulary, options.seed, options)
        test_builder = RowBuilder(held_out, vocabulary, 5)
    batches = Batches(builder_at, run.rows, options.batch, options.workers)
    test_rows = [[torch.from_numpy(np.stack(column)) for column in zip(*[test_builder.row(8 * k + i) for i in range(8)])] for k in range(6)]
    samples = ProposalSamples(options.samples, options.batch, options.seed) if options.samples else None
    cuts = held_out_cuts(held_out, vocabulary, options.cuts)
    loss = run.model.loss if options.no_compile else torch.compile(run.model.loss)
    run.log(start=options.what, body=run.model.n_body(), batch=options.batch, rows=run.rows)

    begun = logged = saved = reported = time.time()
    seconds_before, window, skipped = run.seconds, [], 0.0
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    tokens_at_log = run.trained_tokens
    while True:
        elapsed = seconds_before + time.time() - begun - skipped
        share = rate_at(options, run.step - run.fresh_at, elapsed)
        if stopping.is_set():
            run.save()
            run.log(stopped=True)
            return
        if options.minutes and elapsed > 60 * options.minutes:
            break
        for optimiser in run.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["full_lr"] * share
        tokens, targets = batches.next()
        with run.autocast():
            value = loss(tokens.to(run.device, non_blocking=True), targets.to(run.device, non_blocking=True))
        value.backward()
        if samples:
            # + α·log Q(y') is −α times the negative log-likelihood of what the proposal drew.
            with run.autocast():
                (-options.alpha * loss(*(part.to(run.device) for part in samples.next()))).backward()
        for optimiser in run.optimisers:
            optimiser.step()
        run.model.zero_grad(set_to_none=True)
        if run.step == 0 or skipped == 0.0:
            skipped = time.time() - begun            # compilation is not charged to the schedule
        run.step += 1
        run.rows += options.batch
        run.trained_tokens += tokens.numel()
        run.seconds = elapsed
        window.append(value.detach())
        now = time.time()
        if now - logged > options.log_s:
            run.log(loss=round(torch.stack(window).mean().item(), 4), rate=round(share, 3),
                    tokens_per_s=round((run.trained_tokens - tokens_at_log) / (now - logged)))
            window, logged, tokens_at_log = [], now, run.trained_tokens
        if now - saved > options.save_s:
            run.save()
            saved = time.time()
        if now - reported > options.report_s:
            report(run, vocabulary, cuts, test_rows)
            reported = logged = time.time()
            tokens_at_log = run.trained_tokens
    report(run, vocabulary, cuts, test_rows)
    run.save()
    if options.what != "run":
        save_model(os.path.join(run.folder, "final.pt"), run.model, tokens=run.trained_tokens, step=run.step)
    run.log(done=True, seconds=round(run.seconds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "decay", "tune"))
    parser.add_argument("name")
    parser.add_argument("--size", choices=SIZES, default="proposal-6m")
    parser.add_argument("--from", dest="source")
    parser.add_argument("--domain")
    parser.add_argument("--layers", help="with tune: which of the source's layers to keep, e.g. 0,1,4")
    parser.add_argument("--minutes", type=float, help="stop after so much training time, over all resumptions; a run has no end without it")
    parser.add_argument("--rate", type=float, default=1.0, help="scale of all learning rates")
    parser.add_argument("--samples", help="responses of the proposal from sample.py: adds the second term of the RAM objective")
    parser.add_argument("--alpha", type=float, default=1e-4, help="weight of that term, per token")
    parser.add_argument("--prefix-loss", type=float, default=1.0)
    parser.add_argument("--row", type=int, default=ROW, help="tokens a row; 512 is a quarter faster on a CPU")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="threads that build rows")
    parser.add_argument("--log-s", type=float, default=30)
    parser.add_argument("--save-s", type=float, default=240)
    parser.add_argument("--report-s", type=float, default=480)
    parser.add_argument("--cuts", type=int, default=120, help="fixed held-out cuts that a report completes")
    parser.add_argument("--no-compile", action="store_true")
    options = parser.parse_args()
    train(options)


if __name__ == "__main__":
    main()
