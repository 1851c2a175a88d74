/** From events to records in a file: which outcomes are worth keeping, and how each reads. Knows no editor. */
import type { RecordedOutcome } from '../../protocol/pages/improvement';
import type { FeedbackEvent, Outcome } from './feedbackEvents';
import type { FeedbackLog } from './feedbackLog';
import { type FeedbackRecord, fitForKeeping, insteadOf } from './feedbackRecord';

export interface Admission {
  /** Whether what happens in a document may be kept. */
  mayKeep(document: string): boolean;
  /** ISO 8601. */
  now(): string;
}

export class FeedbackRecorder {
  constructor(
    private readonly log: FeedbackLog,
    private readonly admission: Admission,
  ) {}

  /** @returns whether something was kept. */
  hear(event: FeedbackEvent): boolean {
    if (event.kind !== 'stood' || !this.admission.mayKeep(event.offered.document)) return false;
    const record = recordOf(event, this.admission.now());
    const kept = record && fitForKeeping(record);
    if (kept === undefined) return false;
    this.log.add(kept);
    return true;
  }
}

/** @returns undefined for what says nothing: a person wrote the same by themselves, or asked for another. */
function recordOf(
  { offered, outcome, standing }: Extract<FeedbackEvent, { kind: 'stood' }>,
  at: string,
): FeedbackRecord | undefined {
  const { suggestion, languageId } = offered;
  const { request, completions } = suggestion.origin;
  // What of the completion was typed already belongs to the place.
  const typed = (completions[suggestion.index]?.text ?? '').slice(0, suggestion.nTyped);
  const text = { ...request.text, prefix: request.text.prefix + typed };
  const shown = suggestion.text;
  const stood = insteadOf(shown, standing, text.lineRest);
  const recorded = outcomeOf(outcome, shown.trimEnd() === stood.trimEnd());
  return (
    recorded && {
      formatVersion: 1,
      at,
      outcome: recorded,
      languageId,
      proposal: request.proposal.id,
      modules: request.modules.map(({ id, strength }) => ({ id, strength })),
      text,
      shown,
      stood,
    }
  );
}

function outcomeOf(outcome: Outcome, isAsShown: boolean): RecordedOutcome | undefined {
  switch (outcome) {
    case 'accepted':
      return isAsShown ? 'accepted' : 'edited';
    case 'partly':
      return isAsShown ? 'accepted' : 'partly';
    case 'typedOver':
    case 'ignored':
      return isAsShown ? undefined : outcome;
    case 'typed':
    case 'replaced':
      return undefined;
  }
}
