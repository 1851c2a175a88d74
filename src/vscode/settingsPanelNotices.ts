/** What the settings panel has to say: messages that stay until they are answered or dismissed, each text once. */
import type { Notice } from '../protocol/pages/settingsState';
import type { FlowAction } from './modules/moduleFileFlows';

/** More than these nobody reads. */
const MOST = 5;

interface Kept {
  readonly notice: Notice;
  readonly actions: readonly FlowAction[];
}

export class Notices {
  private kept: readonly Kept[] = [];
  private nSaid = 0;

  constructor(private readonly onChange: () => void) {}

  get all(): Notice[] {
    return this.kept.map(({ notice }) => notice);
  }

  say(kind: Notice['kind'], text: string, actions: readonly FlowAction[] = []): void {
    const labels = actions.map(({ label }, i) => ({ id: String(i + 1), label }));
    const notice = { id: ++this.nSaid, kind, text, actions: labels };
    // The same again is one message, and the newest is read first.
    this.kept = [{ notice, actions }, ...this.kept.filter(other => other.notice.text !== text)].slice(0, MOST);
    this.onChange();
  }

  /** @param action of the notice; dismissed without one. */
  async answer(id: number, action: string | undefined): Promise<void> {
    const answered = this.kept.find(({ notice }) => notice.id === id);
    if (answered === undefined) return;
    this.kept = this.kept.filter(kept => kept !== answered);
    this.onChange();
    if (action !== undefined) await answered.actions[Number(action) - 1]?.run();
  }
}
