/** From a plan to a proposal: downloaded, tried, and only then moved where proposals are found. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { graphsOf } from '../../core/graphFiles';
import type { InspectRequest, InspectResult } from '../../protocol/inspection';
import { type DownloadPlan, PLAN_FILE } from './downloadPlan';
import type { HubConnection } from './hubConnection';
import { readBrought } from './localProposal';
import type { ProposalDownloads } from './proposalDownload';
import { MANIFEST_FILE, type ProposalStore } from './proposalStore';

/** The engine's own judgement of a folder. */
export type Inspect = (request: InspectRequest, signal: AbortSignal) => Promise<InspectResult>;

export interface AddDownloadParts {
  readonly downloads: ProposalDownloads;
  readonly store: ProposalStore;
  readonly inspect: Inspect;
}

/**
 * @param onBytes hears how many bytes of all files are here
 * @param onTrying hears that all are here and right, and the engine tries them
 * @throws UserError that says what to do; what has come stays for another try; AbortError
 */
export async function addDownload(
  { downloads, store, inspect }: AddDownloadParts,
  plan: DownloadPlan,
  connection: HubConnection,
  onBytes: (bytes: number) => void,
  onTrying: () => void,
  signal: AbortSignal,
): Promise<InspectResult> {
  const files = await downloads.run(plan, connection, onBytes, signal);
  onTrying();
  const dir = downloads.dirOf(plan.id);
  const [{ name: graphFile }] = graphsOf(Object.keys(files));
  const report = await inspect({ proposal: { id: plan.id, dir }, graphFile }, signal);
  const brought = await readBrought(path.join(dir, MANIFEST_FILE));
  const { id, title, licence, endpoint, repo, revision } = plan;
  const draft = { id, title, licence, files, ...(brought && { brought }), source: { endpoint, repo, revision } };
  await rm(path.join(await store.moveIn(dir, draft, report), PLAN_FILE), { force: true });
  return report;
}
