/** The curve of a job: few enough points to draw, whatever the job's length, kept over restarts by the trainer's own log. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CurvePoint } from '../../protocol/pages/training';
import type { TrainingProgress } from '../../protocol/training';

/** What the trainer appends its progress to, a line each. */
export const LOG_FILE = 'log.jsonl';

/** More losses are not told apart on a screen. */
const MOST_LOSSES = 600;

type Kept = CurvePoint & { readonly step: number };

export class Curve {
  #points: Kept[] = [];

  get points(): readonly CurvePoint[] {
    return this.#points.map(({ step: _, ...point }) => point);
  }

  /** A trainer that goes on from its checkpoint says some steps again: what it said of them before is void. */
  add({ step, nTokens, loss, heldOut }: TrainingProgress): void {
    if (loss === undefined && heldOut === undefined) return;
    const isAgain = (point: Kept) =>
      point.step > step || (point.step === step && (point.loss === undefined) === (loss === undefined));
    while (this.#points.length > 0 && isAgain(this.#points[this.#points.length - 1])) this.#points.pop();
    this.#points.push({ step, nTokens, ...(loss !== undefined && { loss }), ...(heldOut && { heldOut }) });
    if (this.#points.filter(point => point.loss !== undefined).length > MOST_LOSSES)
      this.#points = halved(this.#points);
  }
}

/** Two losses that follow each other become their mean; what was measured on held-out files stays. */
function halved(points: readonly Kept[]): Kept[] {
  const fewer: Kept[] = [];
  let open: Kept | undefined;
  for (const point of points) {
    if (point.loss === undefined || point.heldOut !== undefined) fewer.push(point);
    else if (open === undefined) open = point;
    else {
      fewer.push({ ...point, loss: ((open.loss ?? point.loss) + point.loss) / 2 });
      open = undefined;
    }
  }
  if (open !== undefined) fewer.push(open);
  return fewer.sort((a, b) => a.step - b.step);
}

/** Reads what a job's trainer has said so far: its curve, and where it stood last. A damaged line costs that line. */
export async function readCurve(dir: string): Promise<{ readonly curve: Curve; readonly last?: TrainingProgress }> {
  const curve = new Curve();
  let last: TrainingProgress | undefined;
  const lines = (await readFile(path.join(dir, LOG_FILE), 'utf8').catch(() => '')).split('\n');
  for (const line of lines) {
    const progress = parseProgress(line);
    if (progress === undefined) continue;
    curve.add(progress);
    last = progress;
  }
  return last === undefined ? { curve } : { curve, last };
}

function parseProgress(line: string): TrainingProgress | undefined {
  try {
    const value = JSON.parse(line) as TrainingProgress;
    const numbers = [value.share, value.step, value.nTokens, value.tokensPerS, value.secondsLeft, value.rssBytes];
    return numbers.every(Number.isFinite) && typeof value.phase === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
