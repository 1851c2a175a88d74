// npm run replay: types a file for a minute in a real VS Code, as a person does, and measures what the person sees.
// Times are taken inside the page: from the last key that went down to the frame in which ghost text stood there.
import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { copyOfSample } from './sample.mjs';
import { root, setUp } from './setup.mjs';
import { answersIn, percentiles, round } from './workbench/answersInLog.mjs';
import { openWorkbench } from './workbench/open.mjs';

const FILE = 'src/state/filters.ts';
const TEXT = `import type { Status, Task } from '../types';
import { getState } from './store';

export interface TaskFilter {
  status?: Status;
  label?: string;
  text?: string;
}

export function matches(task: Task, filter: TaskFilter): boolean {
  if (filter.status !== undefined && task.status !== filter.status) {
    return false;
  }
  if (filter.label !== undefined && !task.labels.includes(filter.label)) {
    return false;
  }
  const text = filter.text?.toLowerCase() ?? '';
  return task.title.toLowerCase().includes(text);
}

export function filterTasks(filter: TaskFilter): Task[] {
  const { board } = getState();
  return board.tasks.filter(task => matches(task, filter));
}

export function countByStatus(tasks: Task[]): Record<Status, number> {
  const counts = { todo: 0, doing: 0, done: 0 };
  for (const task of tasks) {
    counts[task.status] += 1;
  }
  return counts;
}
`;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, module: { type: 'string' }, json: { type: 'boolean' } },
});
await setUp();
await build();
const workspace = copyOfSample();
const modules = values.module ? [{ id: values.module }] : [];
const settings = {
  'residual.modules': modules,
  'editor.quickSuggestions': { other: 'off' },
  'editor.autoIndent': 'none',
  'editor.autoClosingBrackets': 'never',
  'editor.autoClosingQuotes': 'never',
};
const workbench = await openWorkbench({ workspace, extension: root, settings });
try {
  console.log(JSON.stringify(await replay(workbench, Number(values.seconds)), null, values.json ? undefined : 2));
} finally {
  await workbench.close();
  fs.rmSync(workspace, { recursive: true, force: true });
}

async function replay({ page, driver, server }, seconds) {
  fs.writeFileSync(`${workspace}/${FILE}`, '');
  await driver.until(
    'the new file',
    () => page.locator('.explorer-folders-view').count(),
    n => n > 0,
  );
  await driver.openFile(FILE);
  // The first completion starts the engine, which is not what is measured here.
  await page.keyboard.type('// Filters of the task board\n', { delay: 120 });
  await delay(5000);
  await watchGhostText(page);
  const before = cpuSeconds(server.profile);
  const startMs = Date.now();
  let nKeys = 0;
  for (const [char, pauseMs] of rhythm(TEXT)) {
    if (Date.now() - startMs > seconds * 1000) break;
    await page.keyboard.type(char);
    nKeys++;
    await delay(pauseMs);
  }
  await delay(1500);
  const elapsedS = (Date.now() - startMs) / 1000;
  const seen = await page.evaluate(() => globalThis.ghostDelays);
  const after = cpuSeconds(server.profile);
  return {
    seconds: Math.round(elapsedS),
    nKeys,
    ghostTextMs: { n: seen.length, ...percentiles(seen) },
    activationMs: Number(/activated in ([\d.]+) ms/.exec(server.logs())?.[1]),
    answers: answersIn(server.logs()),
    cpuShare: Object.fromEntries(
      Object.keys(after).map(name => [name, round((after[name] - (before[name] ?? 0)) / elapsedS)]),
    ),
  };
}

/** Keys come in bursts: a log-normal gap of 150 ms in the middle, a thought at a line's end now and then. Repeatable. */
function* rhythm(text) {
  let state = 7;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (const char of text) {
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const thought = char === '\n' ? 400 + 900 * uniform() : uniform() < 0.06 ? 300 + 700 * uniform() : 0;
    yield [char, 150 * Math.exp(0.35 * normal) + thought];
  }
}

/** In the page: each time the ghost text changes into other text, the milliseconds since the last key went down. */
async function watchGhostText(page) {
  await page.evaluate(() => {
    globalThis.ghostDelays = [];
    let lastKeyMs = performance.now();
    let shown = '';
    document.addEventListener('keydown', () => (lastKeyMs = performance.now()), true);
    const look = () => {
      const text = [...document.querySelectorAll('.ghost-text, .ghost-text-decoration')]
        .map(e => e.textContent)
        .join('');
      if (text !== '' && text !== shown) globalThis.ghostDelays.push(performance.now() - lastKeyMs);
      shown = text;
      requestAnimationFrame(look);
    };
    look();
  });
}

/** Processor seconds used so far, by the part of the tree: processes know each other by the profile in their environment. */
function cpuSeconds(profile) {
  const used = { engine: 0, extensionHost: 0 };
  for (const pid of fs.readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      if (!fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(profile)) continue;
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const part = command.includes('engine.js')
        ? 'engine'
        : command.includes('type=extensionHost')
          ? 'extensionHost'
          : undefined;
      if (part === undefined) continue;
      const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      used[part] += (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      // gone meanwhile, or not ours to read
    }
  }
  return used;
}
