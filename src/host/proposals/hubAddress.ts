/** What a person types or pastes to name a model of a hub: `owner/name`, `owner/name@revision`, or a page's address. */
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';

export interface HubAddress {
  /** `owner/name`. */
  readonly repo: string;
  /** A branch, tag or commit; the main branch when absent. */
  readonly revision?: string;
}

export const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** Mirrors serve what these name, so a pasted address of theirs means the endpoint that is configured. */
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

const PART = /^(?!.*\.\.)[A-Za-z0-9][\w.-]{0,95}$/;
const REVISION = /^(?!.*\.\.)[\w][\w./-]{0,200}$/;

/** @throws UserError when the text names no model, or one of another place than the endpoint */
export function parseHubAddress(text: string, endpoint: string): HubAddress {
  const path = withoutHost(text.trim(), endpoint);
  const [owner, last, kind, ...rest] = path.split('/').filter(part => part !== '');
  const at = last?.indexOf('@') ?? -1;
  const name = at < 0 ? last : last.slice(0, at);
  // A page's address names the revision behind /tree/, /blob/ or /resolve/, and then a file or folder of it.
  const inPath = kind === 'blob' || kind === 'resolve' ? rest.slice(0, 1).join('') : rest.join('/');
  const revision = at < 0 ? inPath : [last.slice(at + 1), kind, ...rest].filter(Boolean).join('/');
  const isPage = at >= 0 || kind === undefined || kind === 'tree' || kind === 'blob' || kind === 'resolve';
  if (!PART.test(owner ?? '') || !PART.test(name ?? '') || !isPage || (revision !== '' && !REVISION.test(revision))) {
    throw new UserError(
      'hub-address',
      say`"${text.trim()}" names no model. Type owner/name, or owner/name@revision for a branch, tag or commit.`,
    );
  }
  return { repo: `${owner}/${name}`, ...(revision !== '' && { revision }) };
}

/**
 * @returns the address without a slash at its end
 * @throws UserError when it is none of a web server
 */
export function parseEndpoint(text: string): string {
  let url: URL | undefined;
  try {
    url = new URL(text.trim());
  } catch {
    // Said below.
  }
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username) {
    throw new UserError(
      'hub-endpoint',
      say`The setting residual.hub.endpoint is ${JSON.stringify(text)}, which is not the address of a server. Give one such as ${DEFAULT_ENDPOINT}.`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Whether what is sent there can be read on the way. */
export function isEncrypted(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

function withoutHost(text: string, endpoint: string): string {
  const [first] = text.split('/');
  const hasHost = HUB_HOSTS.includes(first) || /^https?:\/\//i.test(text);
  if (!hasHost) return text;
  const url = /^https?:/i.test(text) ? tryUrl(text) : tryUrl(`https://${text}`);
  if (url === undefined) return text;
  const { pathname } = new URL(endpoint);
  const base = pathname === '/' ? '' : pathname;
  if (url.host === new URL(endpoint).host && url.pathname.startsWith(base)) {
    return decoded(url.pathname.slice(base.length));
  }
  if (HUB_HOSTS.includes(url.host)) return decoded(url.pathname);
  throw new UserError(
    'hub-address',
    say`${url.host} is not the hub that is used here, ${new URL(endpoint).host}. Set residual.hub.endpoint to another one, or type owner/name.`,
  );
}

/** Where it cannot be decoded it names nothing, which is seen later. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
