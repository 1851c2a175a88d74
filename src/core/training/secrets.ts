/**
 * Finds what looks like a secret in a text, and takes the whole lines out: private keys, tokens of well-known shapes,
 * passwords written into code, people's e-mail addresses. A line too many costs little, a key in a module cannot be
 * taken back. Addresses under the reserved names (example.com and the like), of `noreply` senders and of `git@` remotes
 * belong to nobody and stay.
 */
import { type Extent, privateKeys } from './privateKeys';

export interface SecretCounts {
  readonly keys: number;
  readonly tokens: number;
  readonly addresses: number;
}

export interface Redacted {
  readonly text: string;
  readonly nSecrets: SecretCounts;
}

/** Offsets are UTF-16. */
export interface SecretPlace {
  readonly kind: keyof SecretCounts;
  readonly start: number;
  readonly end: number;
}

/** Tokens that are known by their shape alone. */
const SHAPES: readonly RegExp[] = [
  /\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}\b/g, // AWS
  /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g, // GitHub
  /\bgithub_pat_[A-Za-z0-9_]{22,255}\b/g,
  /\bgl(?:pat|ptt|dt|rt|cbt|soat)-[\w-]{20,}/g, // GitLab
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g, // Slack
  /\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+/g,
  /hooks\.slack\.com\/(?:services|workflows)\/[\w/]{20,}/g,
  /discord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{20,}/g,
  /\bAIza[\w-]{35}/g, // Google
  /\bya29\.[\w-]{20,}/g,
  /\bGOCSPX-[\w-]{20,}/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /:_(?:authToken|auth|password)\s*=\s*[^\s$]{8,}/g, // .npmrc
  /\bpypi-[\w-]{50,}/g,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g, // JWT
  /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}/g, // Stripe
  /\bwhsec_[A-Za-z0-9+/=]{24,}/g,
  /\bSG\.[\w-]{16,}\.[\w-]{16,}/g, // SendGrid
  /\bkey-[0-9a-f]{32}\b/g, // Mailgun
  /\bhf_[A-Za-z0-9]{30,}\b/g, // Hugging Face
  /\bdop_v1_[0-9a-f]{64}\b/g, // DigitalOcean
  /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b/g, // Shopify
  /\b\d{8,10}:AA[\w-]{33}/g, // Telegram
  /\bAGE-SECRET-KEY-1[0-9A-Z]{50,}/g,
  /\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}/g, // Azure
  /\bSharedAccess(?:Key|Signature)=[^\s"';]{20,}/g,
];

/** Tokens whose shape also occurs in names: they must look drawn by lot. */
const RANDOM_SHAPES: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{20,}/g, // OpenAI, Anthropic
  /\b(?:Bearer|Basic)\s+([\w.~+/-]{20,}=*)/g,
  /\bAuthorization["'`\]]{0,2}\s{0,4}[:=,]\s{0,4}["'`]?(?:token|bearer|basic|apikey|key)\s+([\w.~+/-]{20,}=*)/gi,
];
/** An AWS secret has no shape of its own but 40 characters of base64, and its name or its key's id near it. */
const FORTY = /["'`]([A-Za-z0-9+/]{40})["'`]/g;
const AWS_NAME = /aws|amazon|\bs3\b|(?:AKIA|ASIA)[A-Z0-9]{16}/i;
const AWS_WITHIN_CHARS = 200;

const SECRET_NAME =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|auth[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key|encryption[_-]?key|signing[_-]?key|credentials?)';
/** In TypeScript a type may stand between name and value. */
const OF_TYPE = '(?:\\s{0,4}:\\s{0,4}string(?=\\s{0,4}=))?';
/** `password = "…"`, `"apiKey": '…'`, `--token "…"`. */
const QUOTED = new RegExp(
  `${SECRET_NAME}[\\w-]{0,40}["'\`\\]]{0,2}${OF_TYPE}\\s{0,4}(?::|=>|:=|={1,3}|,|\\s)\\s{0,4}["'\`]([^"'\`\\s]{8,200})["'\`]`,
  'gi',
);
/** The same under a name that ends with what it is, which a label, a type or the id of a field does not. */
const NAMED = new RegExp(
  `(?:pass(?:word|wd|phrase|code)|(?<![a-z])pass|pwd|secret|(?:api|auth|access|private|secret|encryption|signing)[_-]?key)["'\`\\]]{0,2}${OF_TYPE}\\s{0,4}(?::|=>|:=|={1,3})\\s{0,4}["'\`]([\\w!@#$%^&*?~+-]{8,64})["'\`]`,
  'gi',
);
/** `DB_PASSWORD=…` and `password: …` without quotes: settings files and shell scripts. */
const BARE = new RegExp(
  `^[\\s-]{0,40}(?:export\\s+)?[\\w.-]{0,40}${SECRET_NAME}[\\w-]{0,40}\\s{0,4}[:=]\\s{0,4}([^\\s"'\`(){}\\[\\],;<>$]{10,200})\\s*$`,
  'gim',
);
/** A name and a password in an address: `postgres://me:…@host`. */
const IN_URL = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'`<>{}$]{0,64}:([^\s:@/"'`<>{}$*]{3,128})@[\w.-]+/gi;

/** @returns the text without the lines in which a secret stands, and how many were found. */
export function withoutSecrets(text: string, extent: Extent = 'whole'): Redacted {
  const nSecrets = { keys: 0, tokens: 0, addresses: 0 };
  const kept: string[] = [];
  let at = 0;
  for (const { kind, start, end } of secretsIn(text, extent)) {
    nSecrets[kind]++;
    const lineStart = text.lastIndexOf('\n', start - 1) + 1;
    if (start > 0 && lineStart > at) kept.push(text.slice(at, lineStart));
    const newline = text.indexOf('\n', Math.max(end - 1, start));
    at = Math.max(at, newline < 0 ? text.length : newline + 1);
  }
  return { text: at === 0 ? text : kept.join('') + text.slice(at), nSecrets };
}

/** @returns where secrets stand, in order; what fits several shapes is one secret. */
export function secretsIn(text: string, extent: Extent = 'whole'): SecretPlace[] {
  const keys = privateKeys(text, extent).map((span): SecretPlace => ({ kind: 'keys', ...span }));
  const places = [...keys, ...tokens(text), ...addresses(text)];
  const apart: SecretPlace[] = [];
  for (const place of places.sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = apart.at(-1);
    if (last === undefined || place.start >= last.end) apart.push(place);
    else if (place.end > last.end) apart[apart.length - 1] = { ...last, end: place.end };
  }
  return apart;
}

function* tokens(text: string): Generator<SecretPlace> {
  for (const shape of SHAPES) for (const match of text.matchAll(shape)) yield placeOf(match);
  for (const shape of RANDOM_SHAPES)
    for (const match of text.matchAll(shape)) if (isRandom(match[1] ?? match[0], 3.5)) yield placeOf(match);
  for (const match of text.matchAll(QUOTED)) if (isPassword(match[1])) yield placeOf(match);
  for (const match of text.matchAll(NAMED)) if (isMadeUp(match[1])) yield placeOf(match);
  for (const match of text.matchAll(FORTY)) if (isOfAws(text, match)) yield placeOf(match);
  for (const match of text.matchAll(BARE))
    if (isRandom(match[1], 3.2) && !/^[\w.]+\.\w+$/.test(match[1])) yield placeOf(match);
  for (const match of text.matchAll(IN_URL)) if (!isPlaceholder(match[1])) yield placeOf(match);
}

function placeOf(match: RegExpMatchArray): SecretPlace {
  const start = match.index ?? 0;
  return { kind: 'tokens', start, end: start + match[0].length };
}

/** As people choose passwords and services make keys: not a word, a name, a path or a message. */
function isPassword(value: string): boolean {
  if (isPlaceholder(value) || /[(){}<>]|\$\{|^[./]|:\/\/|^#[a-z][\w-]*$/i.test(value)) return false;
  if (isRandom(value, 3)) return true;
  // What a person makes up has a sign that no name has.
  return /[A-Za-z]/.test(value) && /\d/.test(value) && /[!@#$%^&*?~]/.test(value);
}

/** As people make up passwords: `Winter2024`, `hunter2hunter2`, or letters alone that are too many for a word. */
function isMadeUp(value: string): boolean {
  if (isPlaceholder(value) || /[_-]/.test(value)) return false;
  if (/^(?:[a-z]{12,}|[A-Z]{12,})$/.test(value)) return !NAME_WORDS.test(value);
  return /[A-Za-z]{3}/.test(value) && /\d.*\d/.test(value) && !ALGORITHM.test(value);
}

function isOfAws(text: string, match: RegExpMatchArray): boolean {
  const [start, value] = [match.index ?? 0, match[1]];
  if (!/[a-z]/.test(value) || !/[A-Z]/.test(value) || !isRandom(value, 4.2)) return false;
  const end = start + match[0].length;
  return AWS_NAME.test(
    text.slice(Math.max(0, start - AWS_WITHIN_CHARS), start) + text.slice(end, end + AWS_WITHIN_CHARS),
  );
}

/**
 * Letters and digits mixed, and at least so many bits a character: names with a number at the end have their digits in
 * one place, keys have them everywhere.
 */
function isRandom(value: string, leastBits: number): boolean {
  const changes = value.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
  return changes >= 2 && bitsPerChar(value) >= leastBits;
}

/** Names of what is not there, or of what is asked for. */
const NAME_WORDS =
  /pass|secret|token|key|login|user|auth|name|field|label|valid|error|requir|missing|string|credential/i;
const ALGORITHM = /sha-?\d|md[45]|utf|base\d|pbkdf|oauth|x509|argon|bcrypt|aes|[hrep]s\d{3}|es20|http|v\d+$/i;

function isPlaceholder(value: string): boolean {
  return (
    /^(?:x+|\*+|\.+|(?:password|passwd|pass|secret|user(?:name)?|token|changeme|example|test(?:ing)?)\d{0,4})$/i.test(
      value,
    ) || /^\$[A-Z_][A-Z\d_]*$|^%\w+%$|your[_-]|[_-]here\b|placeholder|redacted|x{5,}|\*{3,}/i.test(value)
  );
}

/** Shannon's entropy of the characters. */
function bitsPerChar(value: string): number {
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const n of counts.values()) bits -= (n / value.length) * Math.log2(n / value.length);
  return bits;
}

const LOCAL_PART = /[A-Za-z0-9._%+-]{1,64}$/;
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])/;
const NOBODY = /(?:^|\.)(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost|local)$/i;
const NO_READER = /^(?:no-?reply|do-?not-?reply|git|hg|svn|npm)$/i;
/** `icon@2x.png`, `package@1.0.tgz`, `user@module.js`. */
const FILE_NAME =
  /\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|scss|less|[cm]?[jt]sx?|json|html?|map|tgz|zip|gz|wasm|woff2?|vue|yml|yaml)$/i;

function* addresses(text: string): Generator<SecretPlace> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const local = LOCAL_PART.exec(text.slice(Math.max(0, at - 64), at))?.[0];
    const domain = DOMAIN.exec(text.slice(at + 1, at + 256))?.[0];
    if (local === undefined || domain === undefined) continue;
    if (NOBODY.test(domain) || NO_READER.test(local) || FILE_NAME.test(domain)) continue;
    if (/^\d/.test(domain) && /^[\dx.]+$/i.test(domain.split('.')[0])) continue;
    yield { kind: 'addresses', start: at - local.length, end: at + 1 + domain.length };
  }
}
