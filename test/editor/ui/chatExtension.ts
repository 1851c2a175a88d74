/** The extension with another engine: one whose answers a test knows, and that writes them as slowly as it wants. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fakeEngine } from '../../engine/support/fakeEngine';

/** What each question is answered with; `slow` counts for ever. */
export const ANSWERS = {
  code: 'Here it is:\n\n```ts\nexport const answer = 42;\nexport const other = [answer];\n```\n\nThat is all.',
  hostile: [
    '<script>window.hacked = 1; document.title = "hacked"</script>',
    '<img src=x onerror="window.hacked = 2"> ![a](https://example.com/leak.png)',
    '[run](command:workbench.action.closeWindow) [js](javascript:window.hacked=3) [web](https://example.com/)',
    '```"><script>window.hacked = 4</script>\n</code><iframe src="https://example.com/"></iframe>\n```',
  ].join('\n\n'),
  plain: 'Plain words.',
} as const;

/** @returns the folder of an extension to install, which whoever asked removes */
export function withChatEngine(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-engine-'));
  for (const name of ['package.json', 'package.nls.json', 'dist/extension.js', 'media'])
    if (fs.existsSync(name)) fs.cpSync(name, path.join(folder, name), { recursive: true });
  fs.renameSync(fakeEngine(folder, behaviour), path.join(folder, 'dist/engine.js'));
  return folder;
}

const behaviour = `
const answers = ${JSON.stringify(ANSWERS)};
const shape = { kind: 'plain' };
const account = () => ({
  budgetTokens: 768,
  promptTokens: 100,
  answerTokens: 256,
  context: (params.turns.at(-1).context ?? []).map(() => ({ fit: 'whole', nTokens: 7 })),
  nTurnsLeftOut: 0,
});
switch (method) {
  case 'chatCapabilities':
    answer({ proposalId: params.proposal.id, title: 'Model of the test', style: 'template', instructionTuned: true, contextLength: 4096, sizeBytes: 1, nParameters: 1 });
    break;
  case 'chatAccount':
    answer({ account: account(), shape });
    break;
  case 'warm':
    answer({ loadMs: 0 });
    break;
  case 'complete':
    answer({ completions: [], rule: 'geometric', nCached: 0, nPrefilled: 0, timesMs: { load: 0, prefill: 0, decode: 0 } });
    break;
  case 'chat': {
    const { text } = params.turns.at(-1);
    let written = params.written;
    progress({ kind: 'began', account: account(), shape });
    const end = () => answer({ text: written, stop: 'end', account: account(), shape, nTokens: 9, nCached: 0, nPrefilled: 9, timesMs: { load: 0, prefill: 0, decode: 0 } });
    const write = piece => { written += piece; progress({ kind: 'text', text: piece }); };
    const next = () => {
      if (isCancelled()) return;
      if (text.startsWith('slow')) {
        write('w' + (written.match(/w/g) ?? []).length + ' ');
      } else {
        const whole = answers[text.split(' ')[0]] ?? 'You asked: ' + text;
        if (written.length >= whole.length) return end();
        write(whole.slice(written.length, written.length + 9));
      }
      setTimeout(next, 25);
    };
    next();
  }
}`;
