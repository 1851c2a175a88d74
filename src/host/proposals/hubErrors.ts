/** What a hub's refusals mean for a person, and which of them are worth another try. */
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';

/** A hub as it was asked, for messages. */
export interface Asked {
  readonly endpoint: string;
  readonly repo: string;
  readonly hasToken: boolean;
}

/** An answer that is no content. */
export class HttpRefusal extends Error {
  constructor(
    readonly status: number,
    /** How long the server asks to wait. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(`The server answered with status ${status}.`);
  }
}

/** The connection ended before the content did, or said nothing for too long. */
export class CutConnection extends Error {}

/** Whether asking again may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof HttpRefusal) return [408, 416, 429].includes(error.status) || error.status >= 500;
  return !(error instanceof UserError);
}

/** @returns what a person can do about it; errors that nobody can are returned as they are */
export function explained(error: unknown, { endpoint, repo, hasToken }: Asked): unknown {
  const { host } = new URL(endpoint);
  if (error instanceof UserError) return error;
  if (!(error instanceof HttpRefusal)) {
    return new UserError(
      'hub-unreachable',
      say`${host} cannot be reached (${causeOf(error)}). Check the network and the proxy that VS Code uses, or set residual.hub.endpoint to a mirror.`,
    );
  }
  switch (error.status) {
    case 401:
      return new UserError(
        'hub-unauthorized',
        hasToken
          ? say`${host} does not accept the token that is stored. Store another one, or delete it for what is public.`
          : say`${host} shows no model "${repo}" to somebody without a token. Check the name; for a private model, store a token.`,
      );
    case 403:
      return new UserError(
        'hub-forbidden',
        hasToken
          ? say`${host} does not give "${repo}" to this token. Its owners may ask to accept conditions first: open ${endpoint}/${repo}, accept them, and try again.`
          : say`${host} does not give "${repo}" to somebody without a token. Its owners may ask to accept conditions first: open ${endpoint}/${repo}, accept them, and store a token.`,
      );
    case 404:
      return new UserError(
        'hub-not-found',
        say`${host} has no model "${repo}", or not at that revision. Check the name as it is written there, capitals included.`,
      );
    case 429:
      return new UserError(
        'hub-busy',
        error.retryAfterMs === undefined
          ? say`${host} was asked too often. Try again later; what is here already is kept.`
          : say`${host} was asked too often and wants ${Math.ceil(error.retryAfterMs / 1000)} s of quiet. Try again later; what is here already is kept.`,
      );
    default:
      return new UserError(
        'hub-failed',
        say`${host} does not answer as a hub does (status ${error.status}). Try again later, or check residual.hub.endpoint.`,
      );
  }
}

/** Seconds or a date, as the standard has it. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return 1000 * Number(text);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** Fetch hides why it failed one or two levels deep. */
function causeOf(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  const { code, message } = deepest as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === 'string' ? code : typeof message === 'string' ? message : String(deepest);
}
