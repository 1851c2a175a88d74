/** Imports a model: to be filled in by what writes proposals. */
import type { Importing } from './importing';

const missing = () => Promise.reject(new Error('Nothing imports models yet.'));

export const planImport: Importing['planImport'] = missing;
export const importProposal: Importing['importProposal'] = missing;
