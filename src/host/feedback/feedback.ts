/**
 * Watches what becomes of a suggestion, from the few things that an editor tells of it: it was handed over, the text
 * changed, the cursor moved, its command ran. A state machine over one suggestion at a time and the texts that were
 * accepted; time is asked of a clock, and passes in `tick`.
 */

import type { Answer } from '../suggestion';
import type { FeedbackEvent, KeptAfterMs, Offered, Outcome } from './feedbackEvents';
import { KEPT_AFTER_MS, STOOD_AFTER_MS } from './feedbackEvents';
import { type Edit, TrackedText } from './trackedText';
import { WrittenSpan } from './writtenSpan';

/** What is handed to the editor: one text or several to choose from, in place of [start, end). */
export interface Offer {
  readonly document: string;
  readonly languageId: string;
  /** Offsets in the document, start ≤ cursor ≤ end; what stands between start and cursor begins the texts. */
  readonly start: number;
  readonly cursor: number;
  readonly end: number;
  readonly texts: readonly string[];
  /** Its suggestions are those of the texts. */
  readonly answer: Answer;
}

export interface Documents {
  /** @returns undefined when the document is gone. */
  read(document: string, from: number, to: number): string | undefined;
}

/** A suggestion counts as shown when the cursor has stood in front of it for this long, or when it was accepted. */
const SHOWN_AFTER_MS = 750;
/** The command of an accept follows the text that it inserts within this time. */
const COMMAND_WITHIN_MS = 500;
/** Accepts that are followed at the same time. */
const MOST_ACCEPTS = 64;
/** Ended suggestions whose place is followed at the same time. */
const MOST_PLACES = 64;
/** A longer line is data. */
const LONGEST_LINE_CHARS = 5000;
/** Ended suggestions that are known again when they come back. */
const MOST_REMEMBERED = 32;

/** One suggestion, through all that is left of it while it is typed. */
interface Life {
  readonly requestId: number;
  readonly first: Answer;
  offer: Offer;
  start: number;
  cursor: number;
  end: number;
  /** What stands between start and cursor. */
  typed: string;
  /** Since when the cursor has stood in front of it; undefined while it moves. */
  restingSinceMs: number | undefined;
  isShown: boolean;
  /** How much of it was ever accepted: each suggestion counts once. */
  taken: 'nothing' | 'part' | 'all';
  /** What is being followed of it. */
  parts: Accept | undefined;
  /** The last edit wrote some of it: an accept, if no key moved the cursor behind it. */
  written: Written | undefined;
  /** That edit wrote all that was left: an accept as a whole, if its command runs. */
  completedAtMs: number | undefined;
  /** From where it began to the end of that line. */
  readonly place: WrittenSpan;
}

/** Where a suggestion ended that was shown. */
interface Ended {
  readonly offered: Offered;
  readonly outcome: Outcome;
  readonly place: WrittenSpan;
  readonly sinceMs: number;
}

interface Written {
  readonly from: number;
  /** Characters right of the cursor that it took the place of. */
  readonly nReplaced: number;
}

interface Accept {
  readonly tracked: TrackedText;
  offered: Offered;
  nSaved: number;
  nReplaced: number;
  sinceMs: number;
  /** Looks that are still to be taken. */
  looks: readonly KeptAfterMs[];
}

export interface Latest {
  readonly offered: Offered;
  /** Everything that was offered with it. */
  readonly offer: Offer;
  readonly state: 'shown' | 'partly' | 'accepted';
}

export class Feedback {
  #life: Life | undefined;
  #accepts: Accept[] = [];
  #places: Ended[] = [];
  #latest: Latest | undefined;
  /** The last suggestions by request, and whether they were counted as shown. */
  readonly #known = new Map<number, Life>();

  constructor(
    private readonly documents: Documents,
    private readonly clock: { now(): number },
    private readonly onEvent: (event: FeedbackEvent) => void,
  ) {}

  /** The suggestion that was shown or accepted last. */
  get latest(): Latest | undefined {
    return this.#latest;
  }

  /** When `tick` has something to do next, on the clock. */
  get nextDueMs(): number | undefined {
    const { restingSinceMs, isShown, completedAtMs } = this.#life ?? {};
    const dues = [
      ...(restingSinceMs !== undefined && !isShown ? [restingSinceMs + SHOWN_AFTER_MS] : []),
      ...(completedAtMs === undefined ? [] : [completedAtMs + COMMAND_WITHIN_MS]),
      ...this.#accepts.flatMap(({ sinceMs, looks }) => looks.slice(0, 1).map(afterMs => sinceMs + afterMs)),
      ...this.#places.slice(0, 1).map(({ sinceMs }) => sinceMs + STOOD_AFTER_MS),
    ];
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  /** A suggestion is handed to the editor. The same one again, further on, is one that is typed through. */
  offer(offer: Offer): void {
    const [suggestion] = offer.answer.suggestions;
    if (suggestion === undefined) return;
    const { requestId } = suggestion.origin;
    if (this.#life !== undefined && this.#life.requestId !== requestId) {
      const isSamePlace = this.#life.offer.document === offer.document && this.#life.cursor === offer.cursor;
      this.#end(this.#life, isSamePlace ? 'replaced' : 'ignored');
    }
    const known = this.#known.get(requestId);
    const life: Life = {
      requestId,
      first: known?.first ?? offer.answer,
      offer,
      start: offer.start,
      cursor: offer.cursor,
      end: offer.end,
      typed: this.documents.read(offer.document, offer.start, offer.cursor) ?? '',
      restingSinceMs: this.clock.now(),
      isShown: known?.isShown ?? false,
      taken: known?.taken ?? 'nothing',
      parts: known?.parts,
      written: undefined,
      completedAtMs: undefined,
      place: new WrittenSpan(offer.start, this.#lineEnd(offer.document, offer.cursor)),
    };
    this.#life = life;
    this.#known.delete(requestId);
    this.#known.set(requestId, life);
    for (const old of this.#known.keys()) if (this.#known.size > MOST_REMEMBERED) this.#known.delete(old);
    this.#latest = { offered: offeredBy(life, 0), offer, state: life.taken === 'part' ? 'partly' : 'shown' };
  }

  /** A document's text changed. @param edits of one change, in offsets before it. */
  changed(document: string, edits: readonly Edit[], { isUndo }: { readonly isUndo: boolean }): void {
    // From the end, so that an edit does not move those that follow.
    const ordered = [...edits].sort((a, b) => b.offset - a.offset);
    for (const accept of this.#accepts) {
      if (accept.offered.document !== document) continue;
      const before = accept.tracked.length;
      for (const edit of ordered) accept.tracked.apply(edit);
      const isGone = before > accept.nReplaced && accept.tracked.length <= accept.nReplaced;
      if (isUndo && isGone) this.#undone(accept);
    }
    for (const edit of ordered) {
      for (const { offered, place } of this.#places) if (offered.document === document) place.apply(edit);
      if (this.#life?.offer.document !== document) continue;
      this.#life.place.apply(edit);
      this.#follow(this.#life, edit, isUndo);
    }
  }

  /**
   * The cursor stands somewhere; after an edit, this comes after `changed`.
   * @param isByKey typing moves the cursor by keys; what an accept writes moves it by itself.
   */
  cursorAt(document: string, offset: number, { isByKey }: { readonly isByKey: boolean }): void {
    const life = this.#life;
    if (life === undefined) return;
    if (life.offer.document !== document || life.cursor !== offset) {
      this.#end(life, 'ignored');
      return;
    }
    if (life.written !== undefined && isByKey) life.written = undefined;
    // All of it at once is told by the command.
    if (life.written !== undefined && life.completedAtMs === undefined) this.#acceptPart(life, life.written);
  }

  /** Another editor has the focus. */
  left(): void {
    if (this.#life !== undefined) this.#end(this.#life, 'ignored');
  }

  /** The command of the `index`-th text of a suggestion ran: all that was left of it was accepted. */
  accepted(requestId: number, index: number): void {
    const life = this.#life?.requestId === requestId ? this.#life : this.#known.get(requestId);
    if (life === undefined || index >= life.offer.texts.length) return;
    this.#show(life);
    const { written, offer } = life;
    const offered = offeredBy(life, index);
    const to = life.start + offered.text.length;
    const from = written?.from ?? to - Math.max(0, offered.text.length - life.typed.length);
    const text = this.documents.read(offer.document, from, to) ?? '';
    const nReplaced = written?.nReplaced ?? 0;
    const nSaved = Math.max(0, text.length - nReplaced);
    this.#life = undefined;
    life.written = undefined;
    life.completedAtMs = undefined;
    this.#latest = { offered, offer, state: 'accepted' };
    // Accepted once more, as after an undo: it stays one suggestion.
    if (life.taken === 'all') this.onEvent({ kind: 'acceptedPart', offered, text, nSaved, isFirst: false });
    else this.onEvent({ kind: 'accepted', offered, text, nSaved, hadParts: life.taken === 'part' });
    life.taken = 'all';
    this.#ended(life, offered, 'accepted');
    this.#track(life, offered, { from, to, nSaved, nReplaced });
  }

  /** A document is closed: what stands in it now is what is kept. */
  closed(document: string): void {
    if (this.#life?.offer.document === document) this.left();
    for (const accept of [...this.#accepts]) {
      if (accept.offered.document === document) while (accept.looks.length > 0) this.#look(accept);
    }
    this.#dropDone();
    this.#stood(place => place.offered.document === document);
  }

  /** The editor goes away: what stands now at the places that are followed is all that will be known of them. */
  flush(): void {
    this.left();
    this.#stood(() => true);
  }

  /** Time has passed. */
  tick(): void {
    const nowMs = this.clock.now();
    const life = this.#life;
    if (life?.restingSinceMs !== undefined && nowMs >= life.restingSinceMs + SHOWN_AFTER_MS) this.#show(life);
    if (life?.completedAtMs !== undefined && nowMs >= life.completedAtMs + COMMAND_WITHIN_MS) this.#end(life, 'typed');
    for (const accept of this.#accepts)
      while (accept.looks.length > 0 && nowMs >= accept.sinceMs + accept.looks[0]) this.#look(accept);
    this.#dropDone();
    this.#stood(({ sinceMs }) => nowMs >= sinceMs + STOOD_AFTER_MS);
  }

  #follow(life: Life, edit: Edit, isUndo: boolean): void {
    const end = edit.offset + edit.nRemoved;
    if (edit.offset > life.cursor) return;
    if (end < life.start) {
      const delta = edit.text.length - edit.nRemoved;
      life.start += delta;
      life.cursor += delta;
      life.end += delta;
      return;
    }
    const fitting = edit.offset < life.start || end > life.end ? undefined : typedAfter(edit, life);
    if (fitting === undefined) {
      this.#end(life, edit.text === '' ? 'ignored' : 'typedOver');
      return;
    }
    const { cursor, typed } = life;
    life.typed = fitting;
    life.cursor = life.start + fitting.length;
    life.end += edit.text.length - edit.nRemoved;
    life.restingSinceMs = undefined;
    life.completedAtMs = life.offer.texts.includes(fitting) ? this.clock.now() : undefined;
    const isWritten =
      !isUndo && fitting.length > typed.length && (edit.offset === cursor || life.completedAtMs !== undefined);
    life.written = isWritten ? { from: cursor, nReplaced: Math.max(0, end - cursor) } : undefined;
  }

  #acceptPart(life: Life, { from, nReplaced }: Written): void {
    life.written = undefined;
    this.#show(life);
    const to = life.cursor;
    const text = this.documents.read(life.offer.document, from, to) ?? '';
    const nSaved = Math.max(0, text.length - nReplaced);
    const offered = offeredBy(life, 0);
    this.#latest = { offered, offer: life.offer, state: 'partly' };
    this.onEvent({ kind: 'acceptedPart', offered, text, nSaved, isFirst: life.taken === 'nothing' });
    if (life.taken === 'nothing') life.taken = 'part';
    this.#track(life, offered, { from, to, nSaved, nReplaced });
  }

  #track(
    life: Life,
    offered: Offered,
    {
      from,
      to,
      nSaved,
      nReplaced,
    }: { readonly from: number; readonly to: number } & Pick<Accept, 'nSaved' | 'nReplaced'>,
  ): void {
    const before = this.#accepts.find(accept => accept === life.parts && accept.tracked.to <= from);
    const start = before?.tracked.from ?? from;
    const text = this.documents.read(offered.document, start, to);
    if (text === undefined) return;
    this.#accepts = this.#accepts.filter(accept => accept !== before);
    life.parts = {
      tracked: new TrackedText(start, to, text),
      offered,
      nSaved: nSaved + (before?.nSaved ?? 0),
      nReplaced: nReplaced + (before?.nReplaced ?? 0),
      sinceMs: this.clock.now(),
      // Each look is taken once, however late the last word is accepted.
      looks: before?.looks ?? KEPT_AFTER_MS,
    };
    this.#accepts.push(life.parts);
    if (this.#accepts.length > MOST_ACCEPTS) this.#accepts.shift();
  }

  #show(life: Life): void {
    if (life.isShown) return;
    life.isShown = true;
    this.onEvent({ kind: 'shown', offered: offeredBy(life, 0) });
  }

  #end(life: Life, outcome: Outcome): void {
    if (life.completedAtMs !== undefined) {
      life.completedAtMs = undefined;
      // Its command did not run, so what wrote the end of it took a word.
      if (life.written !== undefined) this.#acceptPart(life, life.written);
      this.#end(life, 'typed');
      return;
    }
    if (this.#life === life) this.#life = undefined;
    if (life.isShown) this.#ended(life, offeredBy(life, 0), life.taken === 'part' ? 'partly' : outcome);
  }

  #ended(life: Life, offered: Offered, outcome: Outcome): void {
    this.onEvent({ kind: 'ended', offered, outcome });
    // One that comes back at the same place says more of it than the one before.
    const isSame = (other: Ended) =>
      other.offered.document === offered.document &&
      other.offered.suggestion.origin.requestId === life.requestId &&
      other.place.from === life.place.from;
    this.#places = this.#places.filter(other => !isSame(other));
    this.#places.push({ offered, outcome, place: life.place, sinceMs: this.clock.now() });
    if (this.#places.length > MOST_PLACES) this.#places.shift();
  }

  #stood(isDue: (ended: Ended) => boolean): void {
    const due = this.#places.filter(isDue);
    if (due.length === 0) return;
    this.#places = this.#places.filter(ended => !due.includes(ended));
    for (const { offered, outcome, place } of due) {
      const standing = this.documents.read(offered.document, place.from, place.to);
      if (standing !== undefined) this.onEvent({ kind: 'stood', offered, outcome, standing });
    }
  }

  #lineEnd(document: string, from: number): number {
    const rest = this.documents.read(document, from, from + LONGEST_LINE_CHARS) ?? '';
    const at = rest.search(/\r?\n/);
    return from + (at < 0 ? rest.length : at);
  }

  #undone(accept: Accept): void {
    this.#accepts = this.#accepts.filter(other => other !== accept);
    for (const life of this.#known.values()) if (life.parts === accept) life.parts = undefined;
    this.onEvent({ kind: 'undone', offered: accept.offered, nSaved: accept.nSaved });
  }

  #look(accept: Accept): void {
    const { tracked, offered, looks } = accept;
    accept.looks = looks.slice(1);
    const standing = this.documents.read(offered.document, tracked.from, tracked.to);
    if (standing === undefined) return;
    const { accepted } = tracked;
    this.onEvent({
      kind: 'kept',
      offered,
      afterMs: looks[0],
      accepted,
      standing,
      distance: tracked.distance(standing),
    });
  }

  #dropDone(): void {
    this.#accepts = this.#accepts.filter(({ looks }) => looks.length > 0);
  }
}

function offeredBy({ offer, first }: Life, index: number): Offered {
  const { document, languageId, texts, answer } = offer;
  const { source, elapsedMs } = first;
  return { suggestion: answer.suggestions[index], document, languageId, text: texts[index], source, elapsedMs };
}

/** What of the suggestion stands there after an edit inside it; undefined when the edit says something else. */
function typedAfter({ offset, nRemoved, text }: Edit, { typed, start, offer }: Life): string | undefined {
  const head = typed.slice(0, offset - start);
  const tail = typed.slice(offset + nRemoved - start);
  return [text, ...openers(text)]
    .map(inserted => head + inserted + tail)
    .find(typed => offer.texts.some(offered => offered.startsWith(typed)));
}

/** An editor closes what a person opens: of such a pair the person typed the first alone. */
function openers(text: string): string[] {
  return /^(?:\(\)|\[\]|\{\}|<>|""|''|``)$/.test(text) ? [text[0]] : [];
}
