// The settings panel as a person finds it: opened, its elements, and the keyboard's way to them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';
import { commandTitle } from './names';
import type { Window } from './workbench';

export const WORKSPACE_SETTINGS = '.vscode/settings.json';

export interface SettingsPage {
  readonly frame: Frame;
  find(selector: string): Locator;
  button(name: string | RegExp): Locator;
  /** Presses Tab until an element has the focus. */
  tabTo(selector: string): Promise<void>;
  /** The code of one side of the preview, once nothing is being written and the last slider was heard. */
  written(side: 'alone' | 'aligned'): Promise<string>;
}

/** Opens the panel, or brings it to the front. */
export async function openSettingsPage({ driver }: Window): Promise<SettingsPage> {
  await driver.palette(commandTitle('residual.openSettingsPanel'));
  return settingsPageOf(driver);
}

export async function settingsPageOf(driver: Window['driver']): Promise<SettingsPage> {
  const frame = (await driver.pageFrame('settings'))!;
  await frame.locator('.page[aria-busy="false"]').waitFor();
  const find = (selector: string) => frame.locator(selector);
  return {
    frame,
    find,
    button: name => frame.getByRole('button', { name, exact: typeof name === 'string' }),
    async tabTo(selector) {
      await frame.locator(selector).first().waitFor();
      for (let i = 0; i < 250; i++) {
        if (await frame.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) return;
        await driver.press('Tab');
      }
      assert.fail(`Tab never comes to ${selector}`);
    },
    async written(side) {
      const pre = frame.locator(`.side.is-${side}:not(.is-working) pre`);
      await pre.waitFor({ timeout: 60_000 });
      const mark = pre.locator('.ghost, mark, .nothing');
      return (await mark.allTextContents()).join('');
    },
  };
}

/** A setting of the workspace as it is on disk. */
export function settingOnDisk(window: Window, name: string): unknown {
  try {
    return JSON.parse(window.read(WORKSPACE_SETTINGS))[`residual.${name}`];
  } catch {
    return undefined;
  }
}

/** A setting of the person as it is on disk, those of the machine included. */
export function userSettingOnDisk(window: Window, name: string): unknown {
  for (const file of ['user/User/settings.json', 'user/Machine/settings.json', 'server/data/Machine/settings.json']) {
    try {
      const value = JSON.parse(fs.readFileSync(path.join(window.profile, file), 'utf8'))[`residual.${name}`];
      if (value !== undefined) return value;
    } catch {
      // not this one
    }
  }
  return undefined;
}

/** Waits until a setting of the workspace is what it should be. */
export function untilOnDisk(window: Window, name: string, expected: unknown): Promise<unknown> {
  const wanted = JSON.stringify(expected);
  return window.driver.until(
    `residual.${name} on disk to be ${wanted}`,
    () => settingOnDisk(window, name),
    value => JSON.stringify(value) === wanted,
  );
}

export function writeSettings(window: Window, settings: Readonly<Record<string, unknown>>): void {
  window.write(WORKSPACE_SETTINGS, JSON.stringify(settings, null, 2));
}

/** A module of the workspace's team, made of one that ships. */
export function writeModule(window: Window, id: string, changed: Readonly<Record<string, unknown>> = {}): string {
  const folder = path.join(window.workspace, '.residual/modules', id);
  fs.cpSync(path.join(FIXTURE_MODELS, 'modules/react'), folder, { recursive: true });
  const manifest = JSON.parse(fs.readFileSync(path.join(FIXTURE_MODELS, 'modules/react/module.json'), 'utf8'));
  fs.writeFileSync(path.join(folder, 'module.json'), JSON.stringify({ ...manifest, id, ...changed }));
  return folder;
}
