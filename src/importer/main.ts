/**
 * Entry of the importer's process: `importer.js --models <dir>`. Speaks the protocol on file descriptor 3 and lives as long
 * as that pipe. Whatever a file that anybody may have made does to it, it does here.
 */
import { Socket } from 'node:net';
import type { ImporterMethods, ImportFormat } from '../protocol/importing';
import { serve } from '../protocol/rpc';
import { createImporter } from './importer';
import { readGgufFacts } from './onThisMachine/ggufFacts';

const CHANNEL_FD = 3;

const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
channel.on('close', () => process.exit(0));
// Ctrl+C in a terminal reaches every process of the group: whoever started this one says when to stop.
process.on('SIGINT', () => {});
serve<ImporterMethods>(
  channel,
  createImporter({
    readGguf: readGgufFacts,
    // Both load the native runtime, which not every machine has, and which finding models does without.
    planImport: async source => {
      const { formats, ...plan } = await (await import('./importProposal')).planImport(source);
      return { ...plan, formats: formats.filter(isOffered) };
    },
    importProposal: async (...args) => (await import('./importProposal')).importProposal(...args),
    machineSpeed: async (nThreads, signal) => (await import('./speed/machineSpeed')).machineSpeed(nThreads, signal),
  }),
);

/** Full floats are for tests alone. */
function isOffered<F extends { readonly format: string }>(one: F): one is F & { readonly format: ImportFormat } {
  return one.format === 'int8' || one.format === 'int4';
}
