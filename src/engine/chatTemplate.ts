/**
 * A model's chat template, which is a program in Jinja from whoever made the model: it sees nothing but the messages, and
 * gets neither more time nor more room than a template needs. Knows no folder.
 */
import vm from 'node:vm';
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import type { ChatTemplate, Message } from '../core/chat/chatTemplate';
import { messageOf, UserError } from '../core/errors';
import type { Tokenizer } from '../core/model';
import { say } from '../core/sentence';

/** The longest that are known have 20,000 characters. */
const LARGEST_TEMPLATE_CHARS = 1 << 18;
/** What a template may add to the messages. */
const MOST_ADDED_CHARS = 1 << 18;
const LONGEST_RENDER_MS = 2000;
const LONGEST_RANGE = 1 << 16;

export interface TemplateSource {
  readonly text: string;
  /** `bos_token`, `eos_token` and the like, by tokenizer_config.json. */
  readonly variables: Readonly<Record<string, string>>;
  /** Ids that end a text, by generation_config.json and tokenizer_config.json. */
  readonly endIds: readonly number[];
  readonly now?: () => Date;
}

/** @throws UserError when the template cannot be read, or writes no token behind an answer. */
export function createChatTemplate(source: TemplateSource, tokenizer: Tokenizer): ChatTemplate {
  const { text, variables, endIds, now = () => new Date() } = source;
  if (text.length > LARGEST_TEMPLATE_CHARS) throw unusable(say`it is longer than ${LARGEST_TEMPLATE_CHARS} characters`);
  const program = withinTime(() => parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true })));
  const texts = new SpecialTexts(tokenizer);

  const render = (messages: readonly Message[], options: Readonly<Record<string, unknown>>): string => {
    const environment = globals(now);
    const given = { ...variables, tools: null, documents: null, enable_thinking: false, ...options, messages };
    for (const [name, value] of Object.entries(given)) environment.set(name, value);
    const { value } = withinTime(() => new Interpreter(environment).run(program)) as { readonly value: string };
    const nChars = messages.reduce((sum, { content }) => sum + content.length, 0);
    if (value.length > nChars + MOST_ADDED_CHARS)
      throw unusable(say`it writes more than ${MOST_ADDED_CHARS} characters`);
    return value;
  };

  const takesSystem = tellsSystem(render);
  const endToken = texts.firstIn(behindAnswer(render));
  if (endToken === undefined) throw unusable(say`it writes no special token behind an answer`);
  return {
    endToken,
    stopTokens: new Set([endToken, ...endIds]),
    tokens(messages) {
      const mark = unusedMark(messages);
      const guarded = messages.map(({ role, content }) => ({ role, content: texts.guarded(content, mark) }));
      const joined = joinedByRole(takesSystem ? guarded : withoutSystem(guarded));
      return texts.tokens(render(joined, { add_generation_prompt: true }), mark);
    },
  };
}

type Render = (messages: readonly Message[], options: Readonly<Record<string, unknown>>) => string;

const PROBE = 'residual probe';

/** A template may refuse a system's turn or leave it out. */
function tellsSystem(render: Render): boolean {
  const user: Message = { role: 'user', content: 'question' };
  try {
    return render([{ role: 'system', content: PROBE }, user], { add_generation_prompt: true }).includes(PROBE);
  } catch {
    // Without it, it has to work.
    render([user], { add_generation_prompt: true });
    return false;
  }
}

/** What the template writes behind an answer. */
function behindAnswer(render: Render): string {
  const messages: Message[] = [
    { role: 'user', content: 'question' },
    { role: 'assistant', content: PROBE },
  ];
  const text = render(messages, { add_generation_prompt: false });
  const at = text.indexOf(PROBE);
  if (at < 0) throw unusable(say`it leaves answers out`);
  return text.slice(at + PROBE.length);
}

/** What the system says stands before the first question. */
function withoutSystem(messages: readonly Message[]): readonly Message[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const [first, ...rest] = messages.filter(({ role }) => role !== 'system');
  return first === undefined ? [] : [{ ...first, content: [...system, first.content].join('\n\n') }, ...rest];
}

/** Templates insist on turns that alternate. */
function joinedByRole(messages: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role !== message.role) joined.push(message);
    else joined[joined.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` };
  }
  return joined;
}

/** The special tokens of a vocabulary as texts. */
class SpecialTexts {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pattern: RegExp;

  constructor(private readonly tokenizer: Tokenizer) {
    this.#ids = tokenizer.specialTexts;
    const longestFirst = [...this.#ids.keys()].sort((a, b) => b.length - a.length);
    // Nothing matches where there are none.
    this.#pattern = longestFirst.length === 0 ? /(?!)/g : new RegExp(longestFirst.map(escaped).join('|'), 'g');
  }

  /** `mark` behind the first character of each special token that the text spells: a template sees the text, and it is none any more. */
  guarded(text: string, mark: string): string {
    return text.replace(this.#pattern, spelled => `${spelled[0]}${mark}${spelled.slice(1)}`);
  }

  firstIn(text: string): number | undefined {
    const [found] = text.match(this.#pattern) ?? [];
    return found === undefined ? undefined : this.#ids.get(found);
  }

  /** Tokens of what was rendered from texts that were guarded by `mark`. */
  tokens(text: string, mark: string): readonly number[] {
    const tokens: number[] = [];
    let at = 0;
    const encode = (end: number) => {
      for (const token of this.tokenizer.encode(text.slice(at, end).replaceAll(mark, ''))) tokens.push(token);
    };
    for (const { 0: spelled, index } of text.matchAll(this.#pattern)) {
      encode(index);
      tokens.push(this.#ids.get(spelled)!);
      at = index + spelled.length;
    }
    encode(text.length);
    return tokens;
  }
}

/** A noncharacter that none of the messages has: Unicode sets 32 of them aside for a program's own use (U+FDD0 to U+FDEF). */
function unusedMark(messages: readonly Message[]): string {
  for (let code = 0xfdd0; code <= 0xfdef; code++) {
    const mark = String.fromCharCode(code);
    if (!messages.some(({ content }) => content.includes(mark))) return mark;
  }
  throw new UserError(
    'chat-template',
    say`The question has all characters that are set aside for a program's own use.`,
  );
}

function globals(now: () => Date): Environment {
  const environment = new Environment();
  const values = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (message: unknown) => {
      throw new Error(String(message));
    },
    strftime_now: (format: string) => formattedTime(now(), format),
  };
  for (const [name, value] of Object.entries(values)) environment.set(name, value);
  return environment;
}

/** Python's. */
function range(first: number, end?: number, step = 1): number[] {
  const [from, to] = end === undefined ? [0, first] : [first, end];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= LONGEST_RANGE)) throw new Error(`range() of ${length} numbers`);
  return Array.from({ length }, (_, i) => from + i * step);
}

/** Python's strftime in English, as far as templates use it. */
function formattedTime(date: Date, format: string): string {
  const named = (options: Intl.DateTimeFormatOptions) => date.toLocaleDateString('en-US', options);
  const two = (value: number) => String(value).padStart(2, '0');
  const fields: Readonly<Record<string, string>> = {
    Y: String(date.getFullYear()),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    H: two(date.getHours()),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    B: named({ month: 'long' }),
    b: named({ month: 'short' }),
    A: named({ weekday: 'long' }),
    a: named({ weekday: 'short' }),
    '%': '%',
  };
  return format.replace(/%(.)/g, (whole, field: string) => fields[field] ?? whole);
}

const outside: { run?: () => unknown } = vm.createContext({});
const running = new vm.Script('run()');

/** A template runs in the engine's thread, and can be interrupted there only from outside of its code. */
function withinTime<T>(run: () => T): T {
  try {
    outside.run = run;
    return running.runInContext(outside, { timeout: LONGEST_RENDER_MS }) as T;
  } catch (error) {
    throw error instanceof UserError ? error : unusable(messageOf(error).replace(/[.\s]+$/, ''));
  }
}

function unusable(reason: ReturnType<typeof say> | string): UserError {
  return new UserError('chat-template', say`The chat template of the model cannot be used: ${reason}.`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
