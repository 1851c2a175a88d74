/** What the scoreboard's page knows, and what it does when a person acts. Drawn anew whenever it changes. */
import { render } from 'lit-html';
import type {
  FromScoreboardPage,
  ScoreboardFilter,
  ScoreboardState,
  ToScoreboardPage,
} from '../../protocol/pages/scoreboard';
import { pageView } from './view';

export class ScoreboardPage {
  state: ScoreboardState | undefined;
  said = '';
  /** Whether it is being asked if everything shall be erased. */
  isAsking = false;

  constructor(
    private readonly root: HTMLElement,
    readonly post: (message: FromScoreboardPage) => void,
  ) {
    this.draw();
  }

  hear(message: ToScoreboardPage): void {
    switch (message.kind) {
      case 'state':
        this.state = message.state;
        break;
      case 'said':
        this.said = message.text;
        break;
    }
    this.draw();
  }

  filter(filter: ScoreboardFilter): void {
    this.said = '';
    this.post({ kind: 'filter', filter });
  }

  ask(): void {
    this.isAsking = true;
    this.said = '';
    this.draw();
    // The safe answer is the one that Enter gives.
    document.getElementById('erase-no')?.focus();
  }

  answer(answer: 'erase' | 'keep'): void {
    this.isAsking = false;
    if (answer === 'erase') this.post({ kind: 'erase' });
    this.draw();
    (document.getElementById('erase') ?? document.getElementById('on'))?.focus();
  }

  private draw(): void {
    render(pageView(this), this.root);
  }
}
