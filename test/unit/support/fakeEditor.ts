/** A document and a cursor that tell what VS Code tells, in its order: the edit, then the cursor, then the command. */
import { Feedback, type Offer } from '../../../src/host/feedback/feedback';
import type { FeedbackEvent } from '../../../src/host/feedback/feedbackEvents';
import type { Edit } from '../../../src/host/feedback/trackedText';
import type { Origin, Suggestion } from '../../../src/host/suggestion';
import type { CompleteRequest, Completion } from '../../../src/protocol/messages';

export const DOCUMENT = 'file:///a.ts';

export class FakeEditor {
  text: string;
  cursor: number;
  nowMs = 0;
  /** Of the models that write what is offered. */
  models: Pick<CompleteRequest, 'proposal' | 'modules'> = { proposal: { id: 'p', dir: '/p' }, modules: [] };
  languageId = 'typescript';
  readonly events: FeedbackEvent[] = [];
  readonly feedback: Feedback;
  #isOpen = true;
  #undo: { readonly edit: Edit; readonly cursor: number }[] = [];
  #requests = 0;
  #origin: Origin | undefined;
  #offered: Offer | undefined;

  /** @param marked text with `█` for the cursor. */
  constructor(marked: string, onEvent: (event: FeedbackEvent) => void = () => {}) {
    this.cursor = marked.indexOf('█');
    this.text = marked.replace('█', '');
    this.feedback = new Feedback(
      { read: (_, from, to) => (this.#isOpen ? this.text.slice(from, to) : undefined) },
      { now: () => this.nowMs },
      event => {
        this.events.push(event);
        onEvent(event);
      },
    );
  }

  /** Offers texts at the cursor as a new request would; `again` as what is left of the last one. */
  offer(texts: string[], { again = false, replaceRight = 0, typedBefore = 0 } = {}): void {
    if (!again) {
      this.#requests++;
      this.#origin = this.#originOf(texts);
    }
    const suggestions = texts.map((text, index) => this.#suggestion(text, index, replaceRight));
    this.#offered = {
      document: DOCUMENT,
      languageId: this.languageId,
      start: this.cursor - typedBefore,
      cursor: this.cursor,
      end: this.cursor + replaceRight,
      texts,
      answer: { suggestions, source: again ? 'cache' : 'engine', elapsedMs: 80 },
    };
    this.feedback.offer(this.#offered);
  }

  /** Offers what is left of the last offer after what was typed, as the completer does from its cache. */
  offerRest(): void {
    const { texts, start } = this.#offered!;
    const typed = this.text.slice(start, this.cursor);
    const rests = texts.filter(text => text.startsWith(typed) && text !== typed).map(text => text.slice(typed.length));
    if (rests.length > 0) this.offer(rests, { again: true });
  }

  /** Types keys one by one. */
  type(keys: string): void {
    for (const key of keys) this.edit(this.cursor, 0, key, this.cursor + 1);
  }

  /** Types an opening bracket that the editor closes. */
  typePair(pair: string): void {
    this.edit(this.cursor, 0, pair, this.cursor + 1);
  }

  backspace(): void {
    this.edit(this.cursor - 1, 1, '', this.cursor - 1);
  }

  acceptWord(word: string): void {
    this.edit(this.cursor, 0, word, this.cursor + word.length, { isByKey: false });
  }

  acceptAll(index = 0): void {
    const { start, cursor, end, texts, answer } = this.#offered!;
    const nReplaced = this.cursor - start + (end - cursor);
    this.edit(start, nReplaced, texts[index], start + texts[index].length, { isByKey: false });
    this.feedback.accepted(answer.suggestions[index].origin.requestId, index);
  }

  /** Takes the last edit back. */
  undo(): void {
    const { edit, cursor } = this.#undo.pop()!;
    this.#apply(edit);
    this.cursor = cursor;
    this.feedback.changed(DOCUMENT, [edit], { isUndo: true });
    this.feedback.cursorAt(DOCUMENT, cursor, { isByKey: true });
  }

  edit(offset: number, nRemoved: number, text: string, cursor: number, { isByKey = true } = {}): void {
    const removed = this.text.slice(offset, offset + nRemoved);
    this.#undo.push({ edit: { offset, nRemoved: text.length, text: removed }, cursor: this.cursor });
    this.#apply({ offset, nRemoved, text });
    this.cursor = cursor;
    this.feedback.changed(DOCUMENT, [{ offset, nRemoved, text }], { isUndo: false });
    this.feedback.cursorAt(DOCUMENT, cursor, { isByKey });
  }

  #apply({ offset, nRemoved, text }: Edit): void {
    this.text = this.text.slice(0, offset) + text + this.text.slice(offset + nRemoved);
  }

  moveTo(cursor: number): void {
    this.cursor = cursor;
    this.feedback.cursorAt(DOCUMENT, cursor, { isByKey: true });
  }

  close(): void {
    this.feedback.closed(DOCUMENT);
    this.#isOpen = false;
  }

  /** Lets time pass, waking the feedback whenever it asked for it. */
  wait(ms: number): void {
    const end = this.nowMs + ms;
    for (let due = this.feedback.nextDueMs; due !== undefined && due <= end; due = this.feedback.nextDueMs) {
      this.nowMs = Math.max(this.nowMs, due);
      this.feedback.tick();
    }
    this.nowMs = end;
  }

  /** An edit by something else than the keys at the cursor, which stays where it is in the text. */
  insertElsewhere(offset: number, text: string): void {
    this.edit(offset, 0, text, this.cursor + (offset < this.cursor ? text.length : 0));
  }

  replaceElsewhere(from: string, to: string): void {
    const offset = this.text.indexOf(from);
    this.edit(offset, from.length, to, this.cursor + to.length - from.length);
  }

  #suggestion(text: string, index: number, replaceRight: number): Suggestion {
    const origin = this.#origin!;
    const written = origin.completions.find(completion => completion.text.endsWith(text));
    return { text, replaceRight, index, nTyped: (written?.text ?? text).length - text.length, origin };
  }

  #originOf(texts: readonly string[]): Origin {
    const after = this.text.slice(this.cursor);
    const [lineRest] = after.split('\n', 1);
    const text = {
      path: 'src/a.ts',
      prefix: this.text.slice(0, this.cursor),
      lineRest,
      suffix: after.slice(lineRest.length + 1),
      neighbours: [],
    };
    const request = { ...this.models, text } as unknown as CompleteRequest;
    const completions = texts.map(written => ({ text: written, tokens: [], stop: 'extent' }) as unknown as Completion);
    return { requestId: this.#requests, request, completions, titles: [] };
  }

  /** Events as words, for rows of tests. */
  get told(): string[] {
    return this.events.filter(({ kind }) => kind !== 'stood').map(told);
  }

  /** What was told to stand where suggestions ended. */
  get stood(): string[] {
    return this.events.flatMap(event => (event.kind === 'stood' ? [told(event)] : []));
  }
}

function told(event: FeedbackEvent): string {
  switch (event.kind) {
    case 'shown':
      return 'shown';
    case 'acceptedPart':
      return `${event.isFirst ? 'part' : 'more'} ${JSON.stringify(event.text)} saves ${event.nSaved}`;
    case 'accepted':
      return `${event.hadParts ? 'rest' : 'all'} ${JSON.stringify(event.text)} saves ${event.nSaved}`;
    case 'ended':
      return event.outcome;
    case 'undone':
      return `undone ${event.nSaved}`;
    case 'kept':
      return `after ${event.afterMs / 1000} s ${JSON.stringify(event.standing)} differs by ${event.distance}`;
    case 'stood':
      return `${event.outcome}: ${JSON.stringify(event.standing)}`;
  }
}
