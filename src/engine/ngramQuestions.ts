/**
 * Answers what a person asks of an instant module: what it learned, and what it expects behind a text. Nothing of it is
 * written anywhere; what was found is remembered until the counts change.
 */

import type { Tokenizer } from '../core/model';
import type { NgramModel } from '../core/ngram/ngram';
import { expectationOf } from '../core/ngram/ngramExpectation';
import { countNames, type NameCount } from '../core/ngram/ngramNames';
import { findPhrases, type PhraseCount } from '../core/ngram/ngramPhrases';
import { inSteps, type NgramStore, type Pause } from '../core/ngram/ngramStore';
import type { NgramExpectation, NgramExpectRequest, NgramSurvey, NgramSurveyRequest } from '../protocol/ngramQuestions';
import type { ModelPool } from './modelPool';
import { pauseOf, withNgram } from './ngramLease';
import type { Turn } from './scheduler';

/** Names that can be looked for by how they begin: about 2 MB. */
const MOST_NAMES = 20_000;
const MOST_PHRASES = 200;

interface Found {
  readonly revision: number;
  readonly files: NgramSurvey['files'];
  /** The most used first. */
  readonly names: readonly NameCount[];
  readonly phrases: readonly PhraseCount[];
}

export class NgramQuestions {
  readonly #found = new WeakMap<NgramStore, Found>();

  constructor(private readonly pool: ModelPool) {}

  /** Counts everything into one segment first. To be run where a save may be: both merge. */
  survey(request: NgramSurveyRequest, turn: Turn, signal: AbortSignal): Promise<NgramSurvey> {
    return withNgram(this.pool, request, 'completion', signal, async ({ model, proposal }) => {
      const { store } = model;
      const found = await this.#survey(store, proposal.tokenizer, pauseOf(turn, signal));
      return {
        nTokens: store.nTokens,
        sizeBytes: store.sizeBytes,
        files: found.files,
        nNames: found.names.length,
        names: found.names.slice(0, request.nNames),
        phrases: found.phrases.slice(0, request.nPhrases),
      };
    });
  }

  expect(request: NgramExpectRequest, signal: AbortSignal): Promise<NgramExpectation> {
    const { text, nExpected, nNames } = request;
    return withNgram(this.pool, request, 'completion', signal, async ({ model, proposal }) => ({
      ...(await expectationOf(model, proposal.tokenizer, text, nExpected)),
      names: this.#namesLike(model, text).slice(0, nNames),
    }));
  }

  async #survey(store: NgramStore, tokenizer: Tokenizer, pause: Pause): Promise<Found> {
    const known = this.#found.get(store);
    if (known !== undefined && known.revision === store.revision) return known;
    if (!store.isMerged) await store.merge(pause);
    const { revision, base } = store;
    const counted = await inSteps(
      countNames(
        [...base.files.values()].map(({ tokens }) => tokens),
        tokenizer,
        MOST_NAMES,
      ),
      pause,
    );
    const phrases = await inSteps(findPhrases(base.segment, tokenizer, MOST_PHRASES), pause);
    const files = [...base.files].map(([name, { nTokens }], i) => ({
      name,
      nTokens,
      textBytes: counted.sizesBytes[i],
    }));
    const found = { revision, files, names: counted.names, phrases };
    this.#found.set(store, found);
    return found;
  }

  #namesLike({ store }: NgramModel, text: string): readonly NameCount[] {
    const [beginning] = /[\p{L}\p{N}_$]+$/u.exec(text) ?? [];
    if (beginning === undefined) return [];
    const wanted = beginning.toLowerCase();
    return this.#found.get(store)?.names.filter(name => name.text.toLowerCase().startsWith(wanted)) ?? [];
  }
}
