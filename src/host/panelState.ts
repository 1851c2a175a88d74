/**
 * From what was read (settings of each scope, models on disk, the engine's report) to what the settings panel draws. Pure:
 * every state of the panel can be made in a test. Knows no editor, and no sentences but those it is given.
 */
import { BOXED_MODEL } from '../core/boxedModel';
import { told } from '../core/sentence';
import type { EngineStatus } from '../protocol/messages';
import type {
  EngineView,
  InstantView,
  LanguageRow,
  LearningView,
  Notice,
  OptionViews,
  PanelState,
  ProposalCard,
  ScopeKind,
  ScopeTab,
  SettingView,
  SignatureView,
  SpeedView,
} from '../protocol/pages/settingsState';
import { activeModules, moduleCard, soleRuleAmong } from './modules/moduleCards';
import { chooseProposal, type ModuleSetting } from './modules/moduleChoice';
import type { Found, FoundModule, FoundProposal } from './modules/registry';
import { readEngineLimits, readSettings, type Source } from './settingValues';

/** What each scope says of one setting; absent where it says nothing. */
export interface Inspected {
  readonly default?: unknown;
  readonly user?: unknown;
  readonly workspace?: unknown;
  readonly folder?: unknown;
}

export interface PanelInput {
  readonly scopes: readonly ScopeTab[];
  /** An id of `scopes`. */
  readonly scope: string;
  /** As of the folder shown, or of the window. */
  inspect(name: string): Inspected;
  readonly isTrusted: boolean;
  readonly engine: { readonly state: EngineView['state']; readonly status?: EngineStatus };
  readonly pauses: readonly string[];
  readonly notices: readonly Notice[];
  readonly loading?: string;
  readonly proposals: readonly FoundProposal[];
  readonly modules: readonly FoundModule[];
  /** The rule that decides in the file of the preview. */
  readonly rule?: {
    readonly file: string;
    /** Its place in the setting, from 1. */
    readonly number: number;
    readonly text: string;
    readonly modules: readonly ModuleSetting[];
  };
  readonly isMeasuring: boolean;
  /** Tokens of context that come in time with this proposal. */
  contextInTime(proposalDir: string): number;
  /** @param ids of the modules in use; none for the proposal alone. */
  speedOf(proposalDir: string, ids: readonly string[]): SpeedView | undefined;
  readonly instant: InstantView;
  readonly learning: LearningView;
  /** Languages worth a row though no setting names them, by id. */
  readonly openLanguages: readonly string[];
  languageName(id: string): string;
  /** Of a module by id, where it may be signed. */
  signatureOf?(id: string): SignatureView | undefined;
  /** Gives what is said in English in the language of the window. */
  translate(template: string): string;
}

/** From the widest to the narrowest. */
const ORDER: readonly ScopeKind[] = ['user', 'workspace', 'folder'];

/** Settings of the machine: a workspace cannot say how much memory somebody else's machine has. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['threads', 'memoryMiB']);

export function panelState(given: PanelInput): PanelState {
  const inWords = <F extends Found<unknown>>(found: F): F =>
    found.problem === undefined ? found : { ...found, problem: told(found.problem, given.translate) };
  const input = { ...given, modules: given.modules.map(inWords), proposals: given.proposals.map(inWords) };
  const kind = input.scopes.find(({ id }) => id === input.scope)?.kind ?? 'user';
  const { settings, limits } = settingsAt(input, kind);
  const view = <T>(name: string, value: T) => settingView(input.inspect(name), name, kind, value);
  const inUse = chooseProposal(settings.proposal, input.proposals);
  const active = activeModules(settings.modules, input.modules, inUse?.id ?? '');
  const soleRule = soleRuleAmong(active);
  return {
    scopes: input.scopes,
    scope: input.scope,
    isTrusted: input.isTrusted,
    engine: {
      state: input.engine.state,
      ...(input.engine.status && { rssBytes: input.engine.status.rssBytes }),
    },
    pauses: input.pauses,
    notices: input.notices,
    ...(input.loading !== undefined && { loading: input.loading }),
    proposal: view('proposal', settings.proposal),
    modelExtension: BOXED_MODEL.title,
    proposals: input.proposals.map(found =>
      proposalCard(
        found,
        found === inUse,
        input,
        active.filter(({ strength }) => strength > 0).map(({ id }) => id),
      ),
    ),
    isMeasuring: input.isMeasuring,
    modules: view('modules', active),
    ...(soleRule !== undefined && { soleRule }),
    ...(input.rule && { rule: ruleView(input.rule, input.modules) }),
    library: input.modules.map(found => {
      const signature = found.problem === undefined ? input.signatureOf?.(found.id) : undefined;
      return { ...moduleCard(found, inUse?.id ?? '', settings.modules), ...(signature && { signature }) };
    }),
    instant: input.instant,
    learning: input.learning,
    options: {
      enable: view('enable', settings.enable),
      debounce: view('debounce', settings.debounce),
      contextTokens: view('contextTokens', settings.contextTokens),
      showGate: view('showGate', settings.showGate),
      threads: view('threads', limits.threads),
      memoryMiB: view('memoryMiB', limits.memoryMiB),
      languages: languagesView(input, kind, settings.languages),
      learnFromFeedback: view('learnFromFeedback', settings.learnFromFeedback),
    } satisfies OptionViews,
    ...(inUse && { contextInTime: input.contextInTime(inUse.dir) }),
  };
}

/** The settings as one scope sees them: its own values over those of wider scopes. */
export function settingsAt(input: Pick<PanelInput, 'inspect'>, kind: ScopeKind) {
  const source: Source = {
    value: name => valueAt(input.inspect(name), name, kind),
    default: name => input.inspect(name).default,
  };
  return { settings: readSettings(source), limits: readEngineLimits(source) };
}

/** Objects are merged over all scopes, as VS Code does; everything else is replaced. */
function valueAt(inspected: Inspected, name: string, kind: ScopeKind): unknown {
  const said = [inspected.default, ...scopesUpTo(kind).map(scope => inspected[scope])].filter(v => v !== undefined);
  if (name !== 'languages' && name !== 'exclude') return said.at(-1);
  return said.every(isObject) ? Object.assign({}, ...said) : said.at(-1);
}

function scopesUpTo(kind: ScopeKind): readonly ScopeKind[] {
  return ORDER.slice(0, ORDER.indexOf(kind) + 1);
}

function settingView<T>(inspected: Inspected, name: string, kind: ScopeKind, value: T): SettingView<T> {
  const overriddenIn = ORDER.slice(ORDER.indexOf(kind) + 1).find(scope => inspected[scope] !== undefined);
  return {
    value,
    source: scopesUpTo(kind).findLast(scope => inspected[scope] !== undefined) ?? 'default',
    isSetHere: inspected[kind] !== undefined,
    ...(overriddenIn !== undefined && { overriddenIn }),
    isLocked: OF_THE_MACHINE.has(name) && kind !== 'user',
  };
}

function ruleView(
  { modules, ...rule }: NonNullable<PanelInput['rule']>,
  found: readonly FoundModule[],
): NonNullable<PanelState['rule']> {
  return { ...rule, titles: modules.map(({ id }) => found.find(m => m.id === id)?.manifest?.title ?? id) };
}

/** A row for every language that a setting names or that is open, `*` first, the others by name. */
function languagesView(
  input: PanelInput,
  kind: ScopeKind,
  languages: Readonly<Record<string, boolean>>,
): SettingView<readonly LanguageRow[]> {
  const inspected = input.inspect('languages');
  const ids = new Set([...Object.keys(languages), ...input.openLanguages]);
  ids.delete('*');
  const otherwise = languages['*'] ?? true;
  const row = (id: string): LanguageRow => ({
    id,
    name: id === '*' ? '' : input.languageName(id),
    isOn: languages[id] ?? otherwise,
    source: scopesUpTo(kind).findLast(scope => names(inspected[scope], id)) ?? 'default',
    isSetHere: names(inspected[kind], id),
  });
  const rows = [...ids].map(row).sort((a, b) => a.name.localeCompare(b.name));
  return settingView<readonly LanguageRow[]>(inspected, 'languages', kind, [row('*'), ...rows]);
}

function proposalCard(
  found: FoundProposal,
  isInUse: boolean,
  input: PanelInput,
  moduleIds: readonly string[],
): ProposalCard {
  const { manifest } = found;
  const loaded = input.engine.status?.loaded.find(({ kind, id }) => kind === 'proposal' && id === found.id);
  const speedAlone = input.speedOf(found.dir, []);
  const speedAligned = moduleIds.length === 0 ? undefined : input.speedOf(found.dir, moduleIds);
  return {
    id: found.id,
    title: manifest?.title ?? found.id,
    licence: manifest?.licence ?? '',
    origin: found.origin,
    ...(found.extension !== undefined && { extension: found.extension }),
    sizeBytes: found.sizeBytes,
    dtype: manifest?.dtype ?? '',
    ...(manifest && { contextLength: manifest.contextLength }),
    isInUse,
    ...(loaded && { loadedBytes: loaded.sizeBytes }),
    ...(found.problem !== undefined && { problem: told(found.problem) }),
    ...(speedAlone && { speedAlone }),
    ...(speedAligned && { speedAligned }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function names(value: unknown, key: string): boolean {
  return isObject(value) && Object.hasOwn(value, key);
}
