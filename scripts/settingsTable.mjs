// The README's table of settings, made from package.json. `node scripts/settingsTable.mjs` writes it; a test compares it.
import fs from 'node:fs';
import { englishManifest } from './manifest.mjs';

const START = '<!-- settings: made by scripts/settingsTable.mjs -->';
const END = '<!-- /settings -->';

/** @param {object} manifest package.json in English @returns {string} a Markdown table */
export function settingsTable(manifest) {
  const rows = Object.entries(manifest.contributes.configuration.properties).map(([name, setting]) => {
    const text = (setting.markdownDescription ?? setting.description).replaceAll('|', '\\|').replaceAll('\n', ' ');
    return `| \`${name}\` | ${short(setting.default)} | ${text} |`;
  });
  return ['| setting | default | what it does |', '|---|---|---|', ...rows].join('\n');
}

/** Long defaults are in package.json for whoever wants them. */
function short(value) {
  const text = JSON.stringify(value);
  return text.length <= 60 ? `\`${text}\`` : `${Object.keys(value).length} entries`;
}

/** @returns {string} the README with the table put between its marks */
export function withTable(readme, manifest) {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`README.md needs the marks ${START} and ${END}`);
  return `${readme.slice(0, start + START.length)}\n${settingsTable(manifest)}\n${readme.slice(end)}`;
}

if (process.argv[1]?.endsWith('settingsTable.mjs')) {
  fs.writeFileSync('README.md', withTable(fs.readFileSync('README.md', 'utf8'), englishManifest()));
}
