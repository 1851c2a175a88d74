/**
 * The remote half of `Residual: Add a Proposal…`: a name, the consent to ask a server about it, a form with its size, the
 * consent to download it, and a download that can be stopped and gone on with.
 */
import * as vscode from 'vscode';
import { isAbortError, UserError } from '../../core/errors';
import { graphsOf } from '../../core/graphFiles';
import { clock } from '../../host/clock';
import { addDownload } from '../../host/proposals/addDownload';
import { freeBytes } from '../../host/proposals/disk';
import { type DownloadPlan, planOf, planOfImport } from '../../host/proposals/downloadPlan';
import type { HubModel } from '../../host/proposals/hub';
import { type HubAddress, isEncrypted } from '../../host/proposals/hubAddress';
import { importablesOf } from '../../host/proposals/importLayout';
import { layoutOf, sizeOf } from '../../host/proposals/proposalLayout';
import { freeId } from '../../host/proposals/proposalStore';
import { TransferRate } from '../../host/proposals/transferRate';
import { bytesText, transferText } from '../amounts';
import { abortSignalOf } from '../cancellation';
import { offer } from '../offer';
import type { AddParts } from './addParts';
import { pickHubModel } from './hubPick';
import { openHubEndpoint } from './hubSettings';
import { confirmMemory, pickForm } from './proposalChecks';

/** Refusals that a token may turn. */
const WANTS_TOKEN: ReadonlySet<string> = new Set(['hub-unauthorized', 'hub-forbidden']);
/** Refusals that another endpoint may turn. */
const WANTS_ENDPOINT: ReadonlySet<string> = new Set(['hub-unreachable', 'hub-failed', 'hub-no-checksum']);
/** Refusals that time may turn. */
const WANTS_TIME: ReadonlySet<string> = new Set(['hub-unreachable', 'hub-failed', 'hub-busy', 'disk-full', 'locked']);

export async function addFromHub(parts: AddParts, endpoint: string): Promise<void> {
  const address = await pickHubModel(endpoint, parts.tokens);
  if (address !== undefined) await addByAddress(parts, endpoint, address);
}

/** Asks anew: the consent of an earlier day was for that day. */
export async function resumeDownload(parts: AddParts, plan: DownloadPlan): Promise<void> {
  const { doneBytes = 0, totalBytes = 1 } =
    (await parts.downloads.unfinished()).find(one => one.plan.id === plan.id) ?? {};
  // All of it is here, and waits to be imported: nobody is asked for anything.
  const isWhole = plan.form !== undefined && doneBytes === totalBytes;
  if (isWhole || (await confirmConnection(parts, plan.endpoint, plan.repo))) await fetchPlan(parts, plan);
}

async function addByAddress(parts: AddParts, endpoint: string, address: HubAddress): Promise<void> {
  try {
    if (!(await confirmConnection(parts, endpoint, address.repo))) return;
    const plan = await choosePlan(parts, endpoint, await readModel(parts, endpoint, address));
    if (plan !== undefined) await fetchPlan(parts, plan);
  } catch (error) {
    await fail(parts, endpoint, error, () => addByAddress(parts, endpoint, address));
  }
}

async function confirmConnection(parts: AddParts, endpoint: string, repo: string): Promise<boolean> {
  const { host } = new URL(endpoint);
  const hasToken = isEncrypted(endpoint) && (await parts.tokens.has(endpoint));
  const detail = [
    hasToken
      ? vscode.l10n.t(
          '{0} gets the name of the model and the token that you stored for it; no code and no settings.',
          endpoint,
        )
      : vscode.l10n.t('{0} gets the name of the model; no code and no settings.', endpoint),
    vscode.l10n.t('It may send you on to a storage of its own. Residual uses the network for nothing else.'),
    ...(isEncrypted(endpoint) ? [] : [vscode.l10n.t('The connection is not encrypted.')]),
  ];
  const action = vscode.l10n.t('Connect');
  const question = vscode.l10n.t('Ask {0} about {1}?', host, repo);
  const chosen = await vscode.window.showInformationMessage(
    question,
    { modal: true, detail: detail.join('\n\n') },
    action,
  );
  return chosen === action;
}

function readModel(parts: AddParts, endpoint: string, address: HubAddress): Thenable<HubModel> {
  const title = vscode.l10n.t('Asking {0} about {1}', new URL(endpoint).host, address.repo);
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_progress, token) => {
      // Only now: a window that downloads nothing does not load the library.
      const { readHubModel } = await import('../../host/proposals/hub');
      return readHubModel(address, await parts.tokens.connection(endpoint), abortSignalOf(token));
    },
  );
}

async function choosePlan(parts: AddParts, endpoint: string, model: HubModel): Promise<DownloadPlan | undefined> {
  const { repo, revision, licence, files } = model;
  const name = repo.slice(repo.indexOf('/') + 1);
  const importables = importablesOf(files);
  // What is said of a repository without a graph stays true of one with nothing to import, either.
  const hasGraphs = graphsOf(files.map(file => file.name)).length > 0;
  const { common, variants } =
    hasGraphs || importables.length === 0 ? layoutOf(files, `"${repo}"`) : { common: [], variants: [] };
  const form = await pickForm(name, variants, importables);
  if (form === undefined || ('dtype' in form && !(await confirmMemory(name, form)))) return undefined;
  const taken = (await parts.registry.proposals()).map(({ id }) => id);
  const source = { endpoint, repo, revision };
  const named = (label: string) => ({ id: freeId(`${name}-${label}`, taken), licence });
  const plan =
    'dtype' in form ? planOf(source, named(form.dtype), common, form) : planOfImport(source, named(form.label), form);
  return (await confirmDownload(parts, plan)) ? plan : undefined;
}

async function confirmDownload(parts: AddParts, plan: DownloadPlan): Promise<boolean> {
  const size = bytesText(sizeOf(plan.files));
  const free = bytesText(await freeBytes(await parts.downloads.folder()));
  const detail = [
    vscode.l10n.t('From {0}, at {1}.', `${plan.endpoint}/${plan.repo}`, plan.revision.slice(0, 12)),
    plan.licence === 'unknown'
      ? vscode.l10n.t('Its page names no licence: find out whether you may use it.')
      : vscode.l10n.t('Licence: {0}. Read it there before you use the model.', plan.licence),
    vscode.l10n.t('{0} files, each checked against its checksum. {1} are free on the disk.', plan.files.length, free),
    ...(plan.form === undefined
      ? []
      : [vscode.l10n.t('It is imported afterwards: you are shown what that means, and the download is then deleted.')]),
  ];
  const action = vscode.l10n.t('Download');
  const question = vscode.l10n.t('Download {0}, {1}?', plan.title, size);
  const chosen = await vscode.window.showInformationMessage(
    question,
    { modal: true, detail: detail.join('\n\n') },
    action,
  );
  return chosen === action;
}

async function fetchPlan(parts: AddParts, plan: DownloadPlan): Promise<void> {
  const totalBytes = sizeOf(plan.files);
  let doneBytes = 0;
  try {
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Downloading {0}', plan.title),
        cancellable: true,
      },
      async (progress, token) => {
        const rate = new TransferRate(totalBytes, clock.now);
        let shownAtMs = Number.NEGATIVE_INFINITY;
        let shownBytes = 0;
        const onBytes = (bytes: number) => {
          doneBytes = bytes;
          const nowMs = clock.now();
          if (nowMs - shownAtMs < SHOWN_EVERY_MS) return;
          const message = transferText(bytes, totalBytes, rate.mark(bytes));
          progress.report({ increment: (100 * Math.max(0, bytes - shownBytes)) / totalBytes, message });
          shownAtMs = nowMs;
          shownBytes = Math.max(shownBytes, bytes);
        };
        const onTrying = () => progress.report({ message: vscode.l10n.t('All is here; trying it.') });
        const connection = await parts.tokens.connection(plan.endpoint);
        if (plan.form !== undefined) {
          await parts.downloads.run(plan, connection, onBytes, abortSignalOf(token));
          return undefined;
        }
        return addDownload(parts, plan, connection, onBytes, onTrying, abortSignalOf(token));
      },
    );
    if (report === undefined) await importDownload(parts, plan);
    else parts.onAdded(plan.id, plan.title, report);
  } catch (error) {
    if (isAbortError(error)) return offerToGoOn(parts, plan, doneBytes);
    await fail(parts, plan.endpoint, error, () => fetchPlan(parts, plan), plan);
  }
}

function importDownload({ downloads, import: begin }: AddParts, plan: DownloadPlan): Promise<void> {
  return begin({
    name: plan.title,
    source: downloads.sourceOf(plan),
    sizeBytes: sizeOf(plan.files),
    ...(plan.licence !== 'unknown' && { licence: plan.licence }),
    discard: () => downloads.discard(plan.id),
  });
}

const SHOWN_EVERY_MS = 250;

function offerToGoOn(parts: AddParts, plan: DownloadPlan, doneBytes: number): void {
  const message = vscode.l10n.t(
    'The download of {0} is stopped. {1} of it are kept.',
    plan.title,
    bytesText(doneBytes),
  );
  offer(vscode.window.showInformationMessage, message, {
    [vscode.l10n.t('Resume')]: () => fetchPlan(parts, plan),
    [vscode.l10n.t('Delete It')]: () => parts.downloads.discard(plan.id),
  }).catch(parts.onFailure);
}

async function fail(
  parts: AddParts,
  endpoint: string,
  error: unknown,
  again: () => Promise<void>,
  plan?: DownloadPlan,
): Promise<void> {
  const code = error instanceof UserError ? error.code : '';
  const storeToken = async () => {
    if (await parts.tokens.ask(endpoint)) await again();
  };
  const isStored = plan !== undefined && (await parts.downloads.unfinished()).some(one => one.plan.id === plan.id);
  parts.onFailure(error, {
    ...(WANTS_TOKEN.has(code) && { [vscode.l10n.t('Store a Token…')]: storeToken }),
    ...(WANTS_TIME.has(code) && { [vscode.l10n.t('Try Again')]: again }),
    ...(WANTS_ENDPOINT.has(code) && { [vscode.l10n.t('Open Setting')]: openHubEndpoint }),
    ...(isStored &&
      !WANTS_TIME.has(code) && { [vscode.l10n.t('Delete the Download')]: () => parts.downloads.discard(plan.id) }),
  });
}
