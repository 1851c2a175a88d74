// What the extension calls its things in the workbench, read from where it is defined.
import fs from 'node:fs';
import path from 'node:path';
import { englishManifest } from '../../../scripts/manifest.mjs';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';

/** The status bar item's id: publisher, name and its own. */
export { statusBarItem as statusBarId } from '../../../scripts/sample.mjs';

/** Whether the label of the status bar item tells of a state, such as `ready`; the reason for the module may follow. */
export const tells = (state: string) => (label: string) => label.includes(`, ${state}`);

/** A command's whole title as the palette shows it. */
export function commandTitle(command: string): string {
  const { contributes } = englishManifest();
  const found = contributes.commands.find((one: { command: string }) => one.command === command);
  return `${found.category}: ${found.title}`;
}

export interface ShippedModule {
  readonly id: string;
  readonly title: string;
  readonly strength: { readonly default: number };
}

export function shippedModules(): ShippedModule[] {
  const folders = fs.readdirSync(path.join(FIXTURE_MODELS, 'modules'));
  return folders.map(folder =>
    JSON.parse(fs.readFileSync(path.join(FIXTURE_MODELS, 'modules', folder, 'module.json'), 'utf8')),
  );
}
