/**
 * A request on its way. A person who goes on typing what it is writing waits for it instead of asking anew; it is
 * cancelled as soon as what it wrote contradicts what was typed.
 */
import type { CompleteProgress } from '../protocol/messages';

export interface Place {
  /** Document, models, strengths. */
  readonly scope: string;
  readonly prefix: string;
  /** Text from the line after the cursor on. */
  readonly suffix: string;
}

export class Flight {
  private readonly controller = new AbortController();
  private written = '';
  /** Tokens that were written, one a report of progress. */
  nTokens = 0;
  /** What was typed since the request left. */
  private typed = '';

  constructor(
    private readonly place: Place,
    readonly nCompletions: number,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether the answer may still serve `place`. If so, it is from now on wanted there. */
  serves(place: Place, nCompletions: number): boolean {
    const { scope, prefix, suffix } = this.place;
    if (
      this.signal.aborted ||
      nCompletions > this.nCompletions ||
      place.scope !== scope ||
      place.suffix !== suffix ||
      !place.prefix.startsWith(prefix)
    ) {
      return false;
    }
    const typed = place.prefix.slice(prefix.length);
    if (!agree(typed, this.written)) return false;
    this.typed = typed;
    return true;
  }

  onProgress = ({ text }: CompleteProgress): void => {
    this.written = text;
    this.nTokens++;
    if (!agree(this.typed, text)) this.abort();
  };

  abort(): void {
    this.controller.abort();
  }
}

/** One is the beginning of the other. */
function agree(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}
