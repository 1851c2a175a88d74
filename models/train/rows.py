"""Cut training rows out of tokenised files, in exactly the shapes that are served.

  plain          <|file_sep|> H text [<|endoftext|>]
  suffix-first   [<|file_sep|> neighbour]… <|fim_prefix|><|fim_suffix|> S <|fim_middle|> H P M <|endoftext|>
  prefix-first   [<|file_sep|> neighbour]… <|fim_prefix|> H P <|fim_suffix|> S <|fim_middle|> M <|endoftext|>

H is the path header, P and M are one run of a file's own tokens, and M ends at a line end without its newline. In
suffix-first form S starts at the next line. Because a newline always begins a token, a line end is a token border; only
the first line of S must be tokenised anew (its indentation no longer follows a newline).

A row is a pure function of (seed, row index): any worker can build any row, and a run resumes by its row counter.
"""

import numpy as np

from prepare import LANGUAGES
from tokenizer import END, FILE_SEP, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, N_SPECIAL

ROW = 1024
NO_TARGET = -100
SMALLEST_SAMPLE = 48
# How often a token of each language is drawn, relative to its share of the corpus.
LANGUAGE_WEIGHTS = dict(ts=1.0, tsx=2.0, js=0.55, dts=0.2, py=0.5, json=0.3, css=0.8, html=1.0, md=0.35)


class Vocabulary:
    """What the shapes must know of each token: does it begin with a newline, is it only white space."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        texts = [tokenizer.decode([i], skip_special_tokens=False) for i in range(tokenizer.get_vocab_size())]
        self.starts_line = np.array([text.startswith("\n") for text in texts])
        self.is_blank = np.array([i >= N_SPECIAL and text.strip() == "" for i, text in enumerate(texts)])

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, tokens):
        return self.tokenizer.decode([int(token) for token in tokens], skip_special_tokens=False)

    def line_ends(self, tokens):
        """Indices i at which the newline token tokens[i] closes a line that is not blank."""
        ends = self.starts_line[tokens]
        ends[1:] &= ~self.is_blank[tokens[:-1]]
        ends[:1] = False
        return np.flatnonzero(ends)


def suffix_after(vocabulary, tokens, line_end, limit):
    """S: the text that follows the newline at `line_end`, at most `limit` tokens, cut to whole lines."""
    if limit <= 0 or line_end + 1 >= len(tokens):
        return []
    piece = tokens[line_end:line_end + limit + 8]
    breaks = np.flatnonzero(vocabulary.starts_line[piece])
    first_stop = int(breaks[1]) if len(breaks) > 1 else len(piece)
    suffix = vocabulary.encode(vocabulary.decode(piece[:first_stop])[1:]) + piece[first_stop:].tolist()
    if line_end + limit + 8 < len(tokens) or len(suffix) > limit:
        whole = [i for i, token in enumerate(suffix[:limit + 1]) if vocabulary.starts_line[token]]
        suffix = suffix[:whole[-1]] if whole else []
    return suffix


def pick_middle(rng, vocabulary, tokens, ends):
    """→ (begin, end) of M: about 60 % the rest of one line, else 2 to 8 lines. `end` is a line end."""
    k = int(rng.integers(len(ends)))
    line_begin = int(ends[k - 1]) + 1 if k > 0 else 0
    begin = int(rng.integers(line_begin, int(ends[k]))) if line_begin < ends[k] else line_begin
    last = k if rng.random() < 0.6 else min(len(ends) - 1, k + int(rng.integers(1, 8)))
    return begin, int(ends[last])


class RowBuilder:
    """Rows of `length` tokens, and the token after, from a TokenStore.

    `shares` are the probabilities of suffix-first and prefix-first samples; the rest is plain.
    `prefix_loss` is the probability that a suffix-first sample's prefix counts towards the loss: below 1 the model
    sees the distance between text and suffix that it is served with, at the price of fewer targets.
    """

    def __init__(self, store, vocabulary, seed, suffix_first=0.55, prefix_first=0.05, prefix_loss=1.0, files=None, length=ROW):
        self.store, self.vocabulary, self.seed, self.length = store, vocabulary, seed, length
        self.suffix_first, self.prefix_first, self.prefix_loss = suffix_first, prefix_first, prefix_loss
        weights = store.lengths * np.array([LANGUAGE_WEIGHTS[name] for name in LANGUAGES])[store.language]
        if files is not None:
            weights = np.where(files, weights, 0)
        self.cumulative = np.cumsum(weights)

    def row(self, index):
        """→ (tokens int64 [length], targets int64 [length]); targets are the next tokens, or NO_TARGET."""
        rng = np.random.default_rng([self.seed, index])
        tokens, counts = [], []
        while len(tokens) < self.length + 1:
            room = self.length + 1 - len(tokens)
            sample, sample_counts = self.sample(rng, room)
            tokens += sample[:room]
            counts += sample_counts[:room]
        tokens = np.array(tokens, np.int64)
        targets = np.where(np.array(counts[1:]), tokens[1:], NO_TARGET)
        return tokens[:-1], targets

    def sample(self, rng, room):
        """→ (tokens, whether each is worth predicting). A sample's first token never is."""
        i = int(np.searchsorted(self.cumulative, rng.random() * self.cumulative[-1], side="right"))
        dice = rng.random()
        if room >= SMALLEST_SAMPLE and dice < self.suffix_first + self.prefix_first:
            build = self.suffix_first_sample if dice < self.suffix_first else self.prefix_first_sample
            made = build(rng, i, room)
            if made:
                return made
        return self.plain_sample(rng, i, room)

    def plain_sample(self, rng, i, room):
        tokens, header = self.store.tokens(i), self.store.header(i)
        start = 0
        if len(tokens) > room and rng.random() < 0.85:
            start = int(rng.integers(len(tokens) - room // 2))
        body = tokens[start:start + max(1, room - len(header) - 1)]
        end = [END] if start + len(body) == len(tokens) else []
        sample = [FILE_SEP, *header.tolist(), *body.tolist(), *end]
        return sample, [False] + [True] * (len(sample) - 1)

    def neighbours(self, rng, i, room):
        """In a quarter of the samples, one or two pieces of 10 to 40 lines from files near this one in its package."""
        if room < 400 or rng.random() > 0.25:
            return []
        context = []
        for _ in range(int(rng.integers(1, 3))):
            j = i + int(rng.integers(1, 9)) * (1 if rng.random() < 0.5 else -1)
            if not 0 <= j < len(self.store) or self.store.package[j] != self.store.package[i]:
                continue
            tokens = self.store.tokens(j)
            ends = self.vocabulary.line_ends(tokens)
            if len(ends) < 12:
                continue
            first = int(rng.integers(len(ends) - 10))
            last = min(len(ends) - 1, first + int(rng.integers(10, 41)))
            piece = tokens[ends[first]:ends[last]] if first else tokens[:ends[last]]
            if len(context) + len(piece) < room // 3:
                context += [FILE_SEP, *self.store.header(j).tolist(), *piece.tolist()]
        return context

    def cut(self, rng, i, room):
        """A middle and what surrounds it: (neighbours, header, P, M, end of M in the file, room left for S), or None."""
        tokens, header = self.store.tokens(i), self.store.header(i).tolist()
        ends = self.vocabulary.line_ends(tokens)
        if len(ends) < 4:
            return None
        context = self.neighbours(rng, i, room)
        begin, end = pick_middle(rng, self.vocabulary, tokens, ends)
        room -= len(context) + len(header) + 5
        if end - begin >= room:
            return None
        suffix_room = 0 if rng.random() < 0.15 else int(min(rng.integers(16, 193), (room - (end - begin)) * 2 // 3))
        longest = room - (end - begin) - suffix_room
        # Log-uniform lengths: short prefixes are what a new file has, long ones what an old one has.
        wanted = int(np.exp(rng.uniform(np.log(24), np.log(max(25, 1.6 * longest)))))
        length = min(begin, longest, wanted)
        return context, header, tokens[begin - length:begin].tolist(), tokens[begin:end].tolist(), end, suffix_room

    def suffix_first_sample(self, rng, i, room):
        cut = self.cut(rng, i, room)
        if cut is None:
            return None
        context, header, prefix, middle, end, suffix_room = cut
        suffix = suffix_after(self.vocabulary, self.store.tokens(i), end, suffix_room)
        before = [*context, FIM_PREFIX, FIM_SUFFIX, *suffix, FIM_MIDDLE, *header]
        sample = [*before, *prefix, *middle, END]
        counts = [True] * len(sample)
        if rng.random() > self.prefix_loss:
            counts[len(before) - len(header):len(before) + len(prefix)] = [False] * (len(header) + len(prefix))
        # Which suffix was chosen is no more predictable than which file.
        for k in (0, len(context), len(context) + 1, len(context) + 2):
            counts[k] = False
        return sample, counts

    def prefix_first_sample(self, rng, i, room):
        """The order of models that know only prefix-first. The cut may fall inside a token, and S begins right at the cut's end."""
        cut = self.cut(rng, i, room)
        if cut is None:
            return None
        context, header, prefix, middle, end, suffix_room = cut
        tokens = self.store.tokens(i)
        suffix = tokens[end:end + suffix_room].tolist()
        if len(middle) > 1 and rng.random() < 0.5:
            text = self.vocabulary.decode(middle[:1])
            if text.isascii() and len(text) > 1:
                k = int(rng.integers(1, len(text)))
                prefix = prefix + self.vocabulary.encode(text[:k])
                middle = self.vocabulary.encode(text[k:] + self.vocabulary.decode(middle[1:]))
        sample = [*context, FIM_PREFIX, *header, *prefix, FIM_SUFFIX, *suffix, FIM_MIDDLE, *middle, END]
        counts = [True] * len(sample)
        counts[0] = counts[len(context)] = False
        return sample, counts
