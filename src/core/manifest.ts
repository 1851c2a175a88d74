/**
 * Parses `module.json` and `residual.json`. Strict about what Residual reads, indifferent to what it does not know:
 * unknown fields stay in the returned object, so writing it back keeps them. Pure; reading files is the caller's.
 */
import { UserError } from './errors';
import { hasHidden, withoutHidden } from './hiddenCharacters';
import type { MixtureWeights } from './mixture';
import { RULE_NAMES, type RuleName } from './rules';
import { type Sentence, say } from './sentence';

/** The only format this version reads and writes. */
export const FORMAT_VERSION = 1;

export type Sha256 = string;

export interface Architecture {
  readonly name: string;
  readonly graphSha256: Sha256;
  readonly dtype: string;
}

export interface TrainingRecord {
  readonly objective: string;
  readonly alpha: number;
  readonly base: string;
  readonly tokens: number;
  readonly seed: number;
}

export interface EvaluationRow {
  readonly metric: string;
  readonly proposalId: string;
  /** The metric of the proposal alone. */
  readonly proposal: number;
  /** The metric of the aligned pair. */
  readonly aligned: number;
  readonly n: number;
  readonly dataset: string;
  /** When, as ISO 8601; of what is measured again and again. */
  readonly measured?: string;
}

export interface ModuleManifest {
  readonly formatVersion: 1;
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly domain: string;
  readonly licence: string;
  readonly kind: 'neural' | 'ngram';
  readonly tokenizerSha256: Sha256;
  /** Absent in an n-gram module, which has no graph. */
  readonly architecture?: Architecture;
  readonly files: Readonly<Record<string, Sha256>>;
  /** Positions the module was trained on; absent means at least as many as any proposal. */
  readonly contextLength?: number;
  readonly rule: RuleName;
  readonly temperature: number;
  /** Calibrated strength per proposal id, and under "default" for every other proposal. */
  readonly strength: Readonly<Record<string, number>> & { readonly default: number };
  /** λ of the mixture proposal per proposal id, and under "default"; only of an n-gram module. */
  readonly mixture?: Readonly<Record<string, MixtureWeights>> & { readonly default: MixtureWeights };
  /** The generic model the module was trained from, which the `ratio` rule divides by; sha256 of its weights file. */
  readonly q0?: { readonly id: string; readonly sha256: Sha256 };
  readonly training?: TrainingRecord;
  readonly evaluation: readonly EvaluationRow[];
  /** What an n-gram module was counted from. */
  readonly counts?: { readonly files: number; readonly tokens: number };
  /** When an n-gram module was counted as a whole, as ISO 8601. */
  readonly built?: string;
}

/**
 * `suffix-first` keeps prefix and middle contiguous, so that a keystroke only appends. `suffix-prefix-middle` marks where
 * the middle begins, as models want it that were trained with the suffix in front of the prefix's own mark.
 */
export const FIM_ORDERS = ['suffix-first', 'prefix-first', 'suffix-prefix-middle'] as const;
export type FimOrder = (typeof FIM_ORDERS)[number];

export interface Fim {
  readonly order: FimOrder;
  /** Id of each special token by role: the keys of `SpecialTokens`. */
  readonly tokens: Readonly<Record<string, number>>;
}

export type GraphForm = 'delta' | 'past';

export interface ProposalManifest {
  readonly formatVersion: 1;
  readonly id: string;
  readonly title: string;
  readonly licence: string;
  readonly graphForm: GraphForm;
  readonly dtype: string;
  /** Absent when the model was not trained to fill in the middle. */
  readonly fim?: Fim;
  readonly contextLength: number;
  /** The format it was tuned to converse in; absent leaves it to what the other files say. */
  readonly chat?: 'chatml' | 'none';
  readonly files: Readonly<Record<string, Sha256>>;
}

/** @throws UserError naming the field, its value and what is expected. */
export function parseModuleManifest(json: unknown): ModuleManifest {
  const field = reader('module.json', json);
  field.version();
  const kind = field.oneOf('kind', ['neural', 'ngram']);
  field.line('version');
  parseNames(field);
  field.sha256('tokenizerSha256');
  if (kind === 'neural') {
    const architecture = field.object('architecture');
    architecture.line('name');
    architecture.sha256('graphSha256');
    architecture.line('dtype');
  }
  const files = field.object('files');
  parseFiles(files, kind === 'neural' ? 'model.safetensors' : undefined);
  if (kind === 'ngram' && files.names().filter(name => NGRAM_FILE.test(name)).length !== 1)
    throw field.error('files', say`must name the one file of counts, ngram.bin`);
  if (field.has('contextLength')) field.positive('contextLength');
  field.oneOf('rule', RULE_NAMES);
  field.positive('temperature');
  const strength = field.object('strength');
  strength.number('default');
  for (const name of strength.names()) strength.number(name);
  if (field.has('mixture')) {
    const mixture = field.object('mixture');
    for (const name of ['default', ...mixture.names()]) mixture.shares(name);
  }
  if (field.has('q0')) {
    const q0 = field.object('q0');
    q0.text('id', ID_PATTERN);
    q0.sha256('sha256');
  }
  if (field.has('training')) {
    const training = field.object('training');
    for (const name of ['objective', 'base']) training.line(name);
    for (const name of ['alpha', 'tokens', 'seed']) training.number(name);
  }
  if (field.has('counts')) {
    const counts = field.object('counts');
    for (const name of ['files', 'tokens']) counts.number(name);
  }
  if (field.has('built')) field.text('built');
  for (const row of field.array('evaluation')) {
    for (const name of ['metric', 'proposalId', 'dataset']) row.line(name);
    for (const name of ['proposal', 'aligned', 'n']) row.number(name);
    if (row.has('measured')) row.text('measured');
  }
  return json as ModuleManifest;
}

/**
 * What a person says of a module before there is one.
 * @throws UserError as `parseModuleManifest` would in the end
 */
export function checkModuleNames(json: unknown): void {
  parseNames(reader('module.json', json));
}

function parseNames(field: Reader): void {
  field.text('id', ID_PATTERN);
  for (const name of ['title', 'domain', 'licence']) field.line(name);
  field.prose('description');
}

/** @throws UserError naming the field, its value and what is expected. */
export function parseProposalManifest(json: unknown): ProposalManifest {
  const field = reader('residual.json', json);
  field.version();
  field.text('id', ID_PATTERN);
  for (const name of ['title', 'licence', 'dtype']) field.text(name);
  field.oneOf('graphForm', ['delta', 'past']);
  field.positive('contextLength');
  if (field.has('chat')) field.oneOf('chat', ['chatml', 'none']);
  parseFiles(field.object('files'), undefined);
  if (field.has('fim')) {
    const fim = field.object('fim');
    fim.oneOf('order', FIM_ORDERS);
    const tokens = fim.object('tokens');
    for (const name of tokens.names()) tokens.number(name);
  }
  return json as ProposalManifest;
}

/** Beside the residual.json of a proposal whose files stay where a person has them: `{ formatVersion: 1, dir }`. */
export const LOCATION_FILE = 'location.json';

/**
 * @returns the folder's path
 * @throws UserError naming the field, its value and what is expected.
 */
export function parseLocation(json: unknown): string {
  const field = reader(LOCATION_FILE, json);
  field.version();
  return field.text('dir');
}

/** Named by what it holds, so that a new one never stands where an old manifest expects the old one. */
const NGRAM_FILE = /^ngram(?:-[0-9a-f]{16})?\.bin$/;

/** @param sha256 of the counts. */
export function ngramFileName(sha256: Sha256): string {
  return `ngram-${sha256.slice(0, 16)}.bin`;
}

export function isNgramFile(name: string): boolean {
  return NGRAM_FILE.test(name);
}

/** The file with the weights or counts of a module. */
export function weightsFileOf({ kind, files }: ModuleManifest): string {
  return kind === 'neural' ? 'model.safetensors' : Object.keys(files).find(isNgramFile)!;
}

/** The strength a person starts from with this proposal. */
export function calibratedStrength(manifest: ModuleManifest, proposalId: string): number {
  return manifest.strength[proposalId] ?? manifest.strength.default;
}

/** Ids become folder names and setting values: never `.` or `..`, and no folder that is hidden. */
const ID_PATTERN = /^(?!\.)[\w.-]{1,100}$/;

/** Titles and the like are shown on one line; a description may be a paragraph or two. */
const LONGEST_LINE = 200;
const LONGEST_PROSE = 4000;
/** What is known is four levels deep; code that walks through all fields must not run out of stack. */
const MOST_DEPTH = 32;

const SHA256_PATTERN = /^[0-9a-f]{64}$/;

/** A file name may name a subfolder, never a place outside the model's own folder. */
const FILE_PATTERN = /^(?!.*(?:^|\/)\.\.(?:\/|$))[^/\\:][^\\:]*$/;

function parseFiles(files: Reader, required: string | undefined): void {
  for (const name of files.names()) {
    if (!FILE_PATTERN.test(name)) throw files.error(name, say`must be named by a path inside the folder`);
    files.sha256(name);
  }
  if (required !== undefined) files.sha256(required);
}

interface Reader {
  has(name: string): boolean;
  names(): readonly string[];
  version(): void;
  text(name: string, pattern?: RegExp): string;
  /** A text that people read on one line: short, and without characters that they do not see. */
  line(name: string): void;
  /** The same on several lines. */
  prose(name: string): void;
  sha256(name: string): void;
  number(name: string): void;
  positive(name: string): void;
  shares(name: string): void;
  oneOf<T extends string>(name: string, values: readonly T[]): T;
  object(name: string): Reader;
  array(name: string): readonly Reader[];
  error(name: string, expectation: Sentence): UserError;
}

function reader(where: string, json: unknown): Reader {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UserError('manifest-invalid', say`${where} must be a JSON object.`);
  }
  const fields = json as Readonly<Record<string, unknown>>;
  if (isDeeperThan(MOST_DEPTH, json))
    throw new UserError('manifest-invalid', say`${where} is nested deeper than ${MOST_DEPTH} levels.`);
  const at = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);
  const error = (name: string, expectation: Sentence) =>
    new UserError('manifest-invalid', say`${where}: "${name}" ${expectation}, but is ${shown(at(name))}.`);
  const self: Reader = {
    error,
    has: name => at(name) !== undefined,
    names: () => Object.keys(fields),
    version() {
      if (at('formatVersion') === FORMAT_VERSION) return;
      throw new UserError(
        'manifest-version',
        say`${where} has format version ${shown(at('formatVersion'))}; this version of Residual reads version ${FORMAT_VERSION}. Update Residual, or get the model in that format.`,
      );
    },
    text(name, pattern) {
      const value = at(name);
      if (typeof value !== 'string') throw error(name, say`must be a string`);
      if (pattern && !pattern.test(value)) throw error(name, say`must be letters, digits, "-", "_" and "." only`);
      return value;
    },
    line(name) {
      const value = self.text(name);
      if (value.length > LONGEST_LINE) throw error(name, say`must have at most ${LONGEST_LINE} characters`);
      if (hasHidden(value)) throw error(name, say`must have no control characters and none that turn text around`);
    },
    prose(name) {
      const value = self.text(name);
      if (value.length > LONGEST_PROSE) throw error(name, say`must have at most ${LONGEST_PROSE} characters`);
      if (hasHidden(value.replace(/[\n\r\t]/g, ' ')))
        throw error(name, say`must have no control characters and none that turn text around`);
    },
    sha256(name) {
      const value = at(name);
      if (typeof value !== 'string' || !SHA256_PATTERN.test(value))
        throw error(name, say`must be a SHA-256 in lower-case hex`);
    },
    number(name) {
      if (!Number.isFinite(at(name))) throw error(name, say`must be a number`);
    },
    positive(name) {
      const value = at(name);
      if (typeof value !== 'number' || !(value > 0 && value < Infinity))
        throw error(name, say`must be a positive number`);
    },
    shares(name) {
      const value = at(name);
      if (!Array.isArray(value) || value.length === 0 || !value.every(x => typeof x === 'number' && x >= 0 && x < 1))
        throw error(name, say`must be a list of numbers from 0 to below 1`);
    },
    oneOf(name, values) {
      const value = values.find(candidate => candidate === at(name));
      if (value === undefined) throw error(name, say`must be one of ${values.join(', ')}`);
      return value;
    },
    object(name) {
      const value = at(name);
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw error(name, say`must be an object`);
      return reader(`${where}: ${name}`, value);
    },
    array(name) {
      const value = at(name);
      if (!Array.isArray(value)) throw error(name, say`must be a list`);
      return value.map((item, i) => reader(`${where}: ${name}[${i}]`, item));
    },
  };
  return self;
}

/** Level by level, because the question is about what a recursion could not bear. */
function isDeeperThan(most: number, json: unknown): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) return true;
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

function shown(value: unknown): Sentence | string {
  if (value === undefined) return say`missing`;
  const text = JSON.stringify(value) ?? String(value);
  return withoutHidden(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
