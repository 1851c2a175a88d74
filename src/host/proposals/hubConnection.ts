/** How a hub is reached, what it lists of a file, and to whom a token goes. Knows nothing of the hub's library. */
import { isEncrypted } from './hubAddress';
import type { ListedFile } from './proposalLayout';

export interface HubConnection {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  /** VS Code's own in the editor, which knows its proxies and certificates. */
  readonly fetch: typeof fetch;
}

/** Without a checksum it is not downloaded. */
export interface HubFile extends ListedFile {
  /** Of the content, for large files. */
  readonly sha256?: string;
  /** Of git's blob, for small ones. */
  readonly gitSha1?: string;
}

/** Where a file's content is; the server may redirect to a storage of its own. */
export function fileUrl(endpoint: string, repo: string, revision: string, name: string): string {
  const path = name.split('/').map(encodeURIComponent).join('/');
  return `${endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/${path}`;
}

/** The token goes to the endpoint alone, and never in the clear. */
export function authorization({ endpoint, token }: HubConnection, url: string): Record<string, string> {
  if (token === undefined || !isEncrypted(url) || new URL(url).origin !== new URL(endpoint).origin) return {};
  return { authorization: `Bearer ${token}` };
}
