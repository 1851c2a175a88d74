/** Which models fill in a middle, and how they are asked, by what their files say. */
import assert from 'node:assert/strict';
import { fimOf, type TrainedModel } from '../../src/importer/decoder/fim';

const special = { endoftext: 0, fimPrefix: 1, fimSuffix: 2, fimMiddle: 3, imEnd: 4 };
const model = (family: TrainedModel['family'], title: string, pre?: string): TrainedModel => ({
  family,
  title,
  pre,
  special,
});

const rows: readonly (readonly [TrainedModel, string | undefined])[] = [
  [model('qwen2', 'Qwen2.5 Coder 0.5B Instruct AWQ', 'qwen2'), 'suffix-first'],
  [model('qwen2', 'Qwen2.5-Coder-1.5B'), 'suffix-first'],
  [model('qwen2', 'Qwen2.5 0.5B Instruct', 'qwen2'), undefined],
  [model('qwen3', 'Qwen3 0.6B', 'qwen2'), undefined],
  [model('qwen3', 'Qwen3-Coder-Small', 'qwen2'), 'prefix-first'],
  [model('llama', 'Smollm2 135M 8k Lc100K Mix1 Ep2', 'smollm'), undefined],
  [model('llama', 'Mellum 4b Base', 'mellum'), 'suffix-prefix-middle'],
  [model('llama', 'A tune of it', 'mellum'), 'suffix-prefix-middle'],
  [model('llama', 'Seed-Coder-8B-Base'), 'suffix-prefix-middle'],
  [model('llama', 'DeepSeek Coder 1.3b Base', 'deepseek-coder'), 'prefix-first'],
  [model('granite', 'Granite 3.3 2b Base', 'refact'), 'prefix-first'],
  [model('llama', 'Granite 3b Code Base', 'refact'), 'prefix-first'],
];

describe('filling in a middle', () => {
  for (const [trained, order] of rows) {
    it(`is ${order ?? 'nothing'} that ${trained.title} was trained for`, () =>
      assert.deepEqual(fimOf(trained), order && { order, tokens: special }));
  }

  it('takes all three tokens', () => {
    const { fimMiddle: _, ...some } = special;
    assert.equal(fimOf({ ...rows[0][0], special: some }), undefined);
  });
});
