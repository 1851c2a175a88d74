// Importing a model: nothing found, a file that is none, what will happen, how far it is, a completion to try, and the end.
import fs from 'node:fs';
import path from 'node:path';

export const settings = { 'workbench.startupEditor': 'none' };

const source = {
  name: 'qwen2.5-coder:1.5b',
  place: '/home/me/.ollama/models/blobs/sha256-cc324af070c2ecbf',
  sizeBytes: 1.117e9,
};

const plan = {
  ...{ title: 'Qwen2.5 Coder 1.5B Instruct', licence: 'apache-2.0', family: 'qwen2', nParameters: 1.54e9 },
  ...{ contextLength: 32_768, fim: true, chat: true, freeDiskBytes: 48e9, freeMemoryBytes: 5.2e9, marginBytes: 67e6 },
  promptTokens: 512,
  formats: [
    {
      ...{ format: 'int8', sizeBytes: 1.55e9, memoryBytes: 2.1e9, raisesMemoryTo: 1792 },
      speed: { tokensPerS: 9.7, firstTokenMs: 5900 },
    },
    { format: 'int4', sizeBytes: 9.2e8, memoryBytes: 1.3e9, speed: { tokensPerS: 14.2, firstTokenMs: 9800 } },
  ],
};

const trial = {
  before:
    'export function longestWord(text: string): string {\n  const words = text.split(/\\s+/);\n  let longest = "";\n  for (const word of words) {\n    ',
  after: '\n  }\n  return longest;\n}\n',
};

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, page: import('playwright-core').Page, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, workspace, shoot, page }) {
  const row = text => page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  const begin = async text => {
    await driver.palette('Residual: Add a Proposal…');
    await row(text).click();
  };
  await begin('On This Machine…');
  await row('No model of another program').waitFor({ timeout: 60_000 });
  await shoot('nothing');
  await driver.press('Escape');

  const file = path.join(workspace, 'model.gguf');
  fs.writeFileSync(file, 'GGUF');
  await begin('A File on This Machine…');
  const input = page.locator('.quick-input-widget input').filter({ visible: true }).first();
  await row('model.gguf').waitFor();
  await input.fill(file);
  await driver.press('Enter');
  const frame = await driver.pageFrame('importProposal');
  await frame.locator('#problem').waitFor({ timeout: 60_000 });
  await shoot('failed');

  const show = stage =>
    frame.evaluate(`postMessage(${JSON.stringify({ kind: 'state', view: { source, stage } })}, '*')`);
  await show({ kind: 'looking', isMeasuring: true });
  await frame.getByText('Measuring this machine').first().waitFor();
  await shoot('looking');
  await show({ kind: 'planned', plan });
  await frame.locator('#import').waitFor();
  await shoot('planned');
  await show({ kind: 'planned', plan: { ...plan, freeDiskBytes: 3e8, freeMemoryBytes: 1e9 } });
  await frame.locator('#no-room').waitFor();
  await shoot('no-room', () => frame.locator('#import').scrollIntoViewIfNeeded());
  await show({ kind: 'working', title: 'Qwen2.5 Coder 1.5B Instruct (int8)', phase: 'quantising', share: 0.42 });
  await frame.locator('#cancel').waitFor();
  await shoot('working');
  const facts = [
    'qwen2, int8 weights, 151,936 tokens in its vocabulary, 32,768 of context.',
    'It marks a middle, so completions see what follows the cursor.',
    'On this machine: 98.2 ms a token, 1.71 GB of memory.',
  ];
  const title = 'Qwen2.5 Coder 1.5B Instruct (int8)';
  const text = 'if (word.length > longest.length) longest = word;';
  await show({ kind: 'imported', title, facts, trial: { ...trial, text, elapsedMs: 3120 } });
  await frame.locator('#use').waitFor();
  await shoot('tried');
  await shoot('decided', () => frame.locator('#use').scrollIntoViewIfNeeded());
  await show({ kind: 'ended', title, how: 'kept' });
  await frame.getByText('among your proposals').waitFor();
  await shoot('kept');
}
