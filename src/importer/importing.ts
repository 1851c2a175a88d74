/** The two functions that importing is, as the process that runs them sees them. */
import type { ImportPlan, ImportProgress, ImportSpec } from '../protocol/importing';

export interface Importing {
  /** @throws UserError that says why it cannot be imported */
  planImport(source: string): Promise<ImportPlan>;
  /**
   * Writes a proposal folder to `spec.out`, whole or not at all.
   * @throws UserError; AbortError
   */
  importProposal(spec: ImportSpec, onProgress: (progress: ImportProgress) => void, signal: AbortSignal): Promise<void>;
}
