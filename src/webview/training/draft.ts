/** What a person has filled in so far. Numbers stay the text that was typed, so that half a number is no error yet. */
import {
  type CodeChoice,
  FORM_LIMITS,
  type FormNumber,
  isFolderPath,
  isWithin,
  parseTrainingForm,
  type TrainingForm,
  type TrainingState,
  titleProblem,
} from '../../protocol/pages/training';
import type { Objective } from '../../protocol/training';

const NUMBERS = Object.keys(FORM_LIMITS) as FormNumber[];

export class Draft {
  title = '';
  codeKind: CodeChoice['kind'] = 'workspace';
  folder = '';
  glob = '';
  objective: Objective = 'nll';
  base = '';
  readonly numbers = new Map<FormNumber, string>();
  private isBegun = false;

  /** Fills in what nobody has filled in. */
  begin({ defaults, bases, job }: TrainingState): void {
    if (!this.isBegun) this.take(job?.form ?? defaults);
    // What there is to start from may come and go.
    if (!bases.some(({ id }) => id === this.base)) this.base = defaults.base;
  }

  get kept(): unknown {
    const { title, codeKind, folder, glob, objective, base, numbers } = this;
    return { title, codeKind, folder, glob, objective, base, numbers: [...numbers] };
  }

  /** @param kept what `kept` once gave, or anything */
  restore(kept: unknown): void {
    const is = kept as Partial<Draft> & { readonly numbers?: unknown };
    if (typeof kept !== 'object' || kept === null || typeof is.title !== 'string' || !Array.isArray(is.numbers)) return;
    this.title = is.title;
    if (is.codeKind === 'folder' || is.codeKind === 'glob') this.codeKind = is.codeKind;
    if (typeof is.folder === 'string') this.folder = is.folder;
    if (typeof is.glob === 'string') this.glob = is.glob;
    if (typeof is.base === 'string') this.base = is.base;
    if (is.objective !== undefined) this.objective = is.objective;
    for (const [name, text] of is.numbers as [FormNumber, string][]) this.numbers.set(name, String(text));
    this.isBegun = NUMBERS.every(name => this.numbers.has(name));
  }

  /** @returns undefined while something in it is wrong. */
  form(state: TrainingState): TrainingForm | undefined {
    if (this.wrong(state).length > 0) return undefined;
    const numbers = Object.fromEntries(NUMBERS.map(name => [name, this.number(name)]));
    const { title, objective, base } = this;
    return parseTrainingForm({ code: this.code(), title, objective, base, ...numbers });
  }

  /** Whether it still says what was said then. */
  isAs(form: TrainingForm, state: TrainingState): boolean {
    return JSON.stringify(this.form(state)) === JSON.stringify(form);
  }

  /** Names of the fields that must be changed. */
  wrong({ objectives, bases }: TrainingState): readonly (FormNumber | 'title' | 'folder' | 'glob' | 'base')[] {
    return [
      ...(titleProblem(this.title) === undefined ? [] : (['title'] as const)),
      ...(this.codeKind === 'folder' && !isFolderPath(this.folder) ? (['folder'] as const) : []),
      ...(this.codeKind === 'glob' && this.glob.trim() === '' ? (['glob'] as const) : []),
      ...(bases.some(({ id }) => id === this.base) && objectives.includes(this.objective) ? [] : (['base'] as const)),
      ...NUMBERS.filter(name => !isWithin(name, this.number(name))),
    ];
  }

  number(name: FormNumber): number {
    const text = this.numbers.get(name)?.trim() ?? '';
    const value = text === '' ? Number.NaN : Number(text.replace(',', '.'));
    // A share is typed in percent.
    return name === 'replayShare' ? Math.round(value * 10) / 1000 : value;
  }

  private code(): CodeChoice {
    switch (this.codeKind) {
      case 'workspace':
        return { kind: 'workspace' };
      case 'folder':
        return { kind: 'folder', path: this.folder };
      case 'glob':
        return { kind: 'glob', glob: this.glob };
    }
  }

  private take(form: TrainingForm): void {
    this.title = form.title;
    this.codeKind = form.code.kind;
    if (form.code.kind === 'folder') this.folder = form.code.path;
    if (form.code.kind === 'glob') this.glob = form.code.glob;
    this.objective = form.objective;
    this.base = form.base;
    for (const name of NUMBERS)
      this.numbers.set(name, String(name === 'replayShare' ? Math.round(form[name] * 1000) / 10 : form[name]));
    this.isBegun = true;
  }
}
