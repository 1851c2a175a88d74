// What package.json offers: menus name commands that exist, and conditions ask for what somebody sets.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const { contributes } = JSON.parse(readFileSync('package.json', 'utf8'));
const source = readdirSync('src/vscode', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => readFileSync(path.join('src/vscode', file), 'utf8'))
  .join('\n');

interface Offer {
  readonly command: string;
  readonly when?: string;
}
const offers: readonly Offer[] = [...Object.values<Offer[]>(contributes.menus).flat(), ...contributes.keybindings];
const clauses = offers.flatMap(({ when }) => when ?? []);
const commands = new Set(contributes.commands.map(({ command }: Offer) => command));

describe('what is offered', () => {
  it('is a command that exists, wherever a menu or a key names one', () => {
    for (const { command } of offers) assert.ok(commands.has(command), command);
  });

  it('depends on settings that exist and on keys that somebody sets', () => {
    const views = new Set(Object.values<{ id: string }[]>(contributes.views).flatMap(all => all.map(({ id }) => id)));
    const asked = clauses.flatMap(clause => [...clause.matchAll(/(config\.)?residual\.[\w.]+/g)]);
    assert.ok(asked.length > 20);
    for (const [name, isSetting] of asked) {
      if (isSetting !== undefined)
        assert.ok(name.slice('config.'.length) in contributes.configuration.properties, name);
      else if (!views.has(name)) {
        const key = name.slice('residual.'.length);
        assert.ok(source.includes(`'${name}'`) || source.includes(`set('${key}'`), `nobody sets ${name}`);
      }
    }
  });

  it('is hidden from the palette where it needs something that is not there', () => {
    const hidden = new Map<string, string | undefined>(
      contributes.menus.commandPalette.map(({ command, when }: Offer) => [command, when]),
    );
    // These can be done in any window; every other command says when it can.
    const anywhere = [
      ...['switchModule', 'pause', 'addProposal', 'openSettingsPanel', 'compareOnFile', 'showWhy', 'showScoreboard'],
      ...['importModule', 'resetSettings', 'showLog', 'copyDiagnostics', 'tryCompletion', 'openChat'],
    ].map(name => `residual.${name}`);
    assert.deepEqual(
      [...commands].filter(command => !hidden.has(command as string) && !anywhere.includes(command as string)),
      [],
    );
  });
});
