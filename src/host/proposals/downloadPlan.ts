/** What is to be downloaded, in a form that a later start of the editor can go on with. */
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import { parseEndpoint } from './hubAddress';
import type { HubFile } from './hubConnection';
import { type Importable, importablesOf } from './importLayout';
import { layoutOf, type Variant } from './proposalLayout';
import type { HubSource } from './proposalStore';

export interface DownloadPlan extends HubSource {
  readonly formatVersion: 1;
  /** Of the proposal that comes of it. */
  readonly id: string;
  readonly title: string;
  readonly licence: string;
  readonly dtype: string;
  readonly files: readonly HubFile[];
  /** Of what is imported once it is here; absent for what is a proposal as it is. The first file leads to the others. */
  readonly form?: Importable['form'];
}

export const PLAN_FILE = 'download.json';

/** @throws UserError when a file cannot be checked after it was downloaded */
export function planOf(
  source: HubSource,
  { id, licence }: { readonly id: string; readonly licence: string | undefined },
  common: readonly HubFile[],
  { dtype, files: parts }: Variant<HubFile>,
): DownloadPlan {
  const named = { id, licence: licence ?? 'unknown', dtype };
  return checked(source, named, [...common, ...parts]);
}

/** Of what is imported after the download. @throws as `planOf` */
export function planOfImport(
  source: HubSource,
  { id, licence }: { readonly id: string; readonly licence: string | undefined },
  { form, label, files }: Importable<HubFile>,
): DownloadPlan {
  return { ...checked(source, { id, licence: licence ?? 'unknown', dtype: label }, files), form };
}

function checked(
  source: HubSource,
  { id, licence, dtype }: Pick<DownloadPlan, 'id' | 'licence' | 'dtype'>,
  files: readonly HubFile[],
): DownloadPlan {
  const unchecked = files.find(({ sha256, gitSha1 }) => sha256 === undefined && gitSha1 === undefined);
  if (unchecked !== undefined) {
    throw new UserError(
      'hub-no-checksum',
      say`${new URL(source.endpoint).host} lists no checksum for ${unchecked.name}, so a download could not be checked. Take another endpoint.`,
    );
  }
  const { endpoint, repo, revision } = source;
  const title = `${repo.slice(repo.indexOf('/') + 1)} (${dtype})`;
  return { formatVersion: 1, endpoint, repo, revision, id, title, licence, dtype, files };
}

/** @returns undefined for what is no plan that could be gone on with */
export function parsePlan(json: unknown): DownloadPlan | undefined {
  const plan = (typeof json === 'object' && json !== null ? json : {}) as Partial<DownloadPlan>;
  const texts = [plan.id, plan.title, plan.licence, plan.repo, plan.revision, plan.dtype, plan.endpoint];
  if (plan.formatVersion !== 1 || !texts.every(text => typeof text === 'string') || !Array.isArray(plan.files)) {
    return undefined;
  }
  const { endpoint = '', files, form } = plan as DownloadPlan;
  if (!files.every(isFile)) return undefined;
  try {
    parseEndpoint(endpoint);
    // The same judgement as of a listing, so that no name leads out of the folder.
    if (form !== undefined) return isImportable(files, form) ? (plan as DownloadPlan) : undefined;
    const { common, variants } = layoutOf(files, '');
    const known = [...common, ...variants.flatMap(variant => variant.files)];
    return variants.length === 1 && known.length === files.length ? (plan as DownloadPlan) : undefined;
  } catch {
    return undefined;
  }
}

function isImportable(files: readonly HubFile[], form: unknown): boolean {
  const found = importablesOf(files);
  return found.length === 1 && found[0].form === form && found[0].files.length === files.length;
}

function isFile(file: unknown): boolean {
  const { name, sizeBytes, sha256, gitSha1 } = (file ?? {}) as Partial<Record<keyof HubFile, unknown>>;
  const isHash = (value: unknown, length: number) =>
    value === undefined || (typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value));
  const isChecked = isHash(sha256, 64) && isHash(gitSha1, 40) && (sha256 ?? gitSha1) !== undefined;
  return typeof name === 'string' && Number.isSafeInteger(sizeBytes) && isChecked;
}
