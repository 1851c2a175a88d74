/** What a person typed into the training page's form: whatever keeps it from being a form is said of a field. */
import assert from 'node:assert/strict';
import { defaultForm } from '../../src/host/training/trainingSpec';
import type { TrainingState } from '../../src/protocol/pages/training';
import { Draft } from '../../src/webview/training/draft';

const state: TrainingState = {
  obstacle: undefined,
  obstacleText: undefined,
  defaults: defaultForm('Our style', 'generic', 4),
  bases: [{ id: 'generic', title: 'General' }],
  objectives: ['nll'],
  mostThreads: 4,
  proposal: 'p',
  job: undefined,
  past: [],
};

describe('the draft of a training', () => {
  const rows: readonly (readonly [title: string, isFit: boolean])[] = [
    ['Our style', true],
    ['  Über uns 🙂 ', true],
    ['', false],
    [' ', false],
    ['x'.repeat(101), false],
    ...['\u0000', '\n', '\u200b', '\u202e', '\u2066', '\ufeff', '\u{e0041}'].map(
      char => [`Our ${char}style`, false] as const,
    ),
  ];
  for (const [title, isFit] of rows) {
    it(`${isFit ? 'takes' : 'says of'} the title ${JSON.stringify(title)}`, () => {
      const draft = new Draft();
      draft.begin(state);
      draft.title = title;
      assert.deepEqual(draft.wrong(state), isFit ? [] : ['title']);
      assert.equal(draft.form(state)?.title, isFit ? title.trim() : undefined);
    });
  }
});
