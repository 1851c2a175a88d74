// Strings that people see: collects them from the source, and says what a translation lacks or has too much.
//   node scripts/l10n.mjs        prints what is missing in each translation, and ends with 1 when something is
//   node scripts/l10n.mjs --list prints every string of the source as JSON
import fs from 'node:fs';
import path from 'node:path';

/** Of translations: l10n/bundle.l10n.LANGUAGE.json and package.nls.LANGUAGE.json. */
export const LANGUAGES = ['de'];

const CALL = /\b(?:l10n\.t|t)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\$]|\\.)*)`)/g;
const SENTENCE = /\bsay`/g;

/** @returns {string[]} every string that is given to a translator, sorted */
export function sourceStrings() {
  const strings = new Set();
  for (const file of filesBelow('src')) {
    const source = fs.readFileSync(file, 'utf8');
    for (const [, single, double, back] of source.matchAll(CALL)) strings.add(unescaped(single ?? double ?? back));
    for (const { index, 0: opening } of source.matchAll(SENTENCE)) {
      const text = numbered(source, index + opening.length);
      // A sentence that is nothing but a value has nothing to translate.
      if (/\p{L}/u.test(text.replace(/\{\d+\}/g, ''))) strings.add(text);
    }
  }
  return [...strings].sort();
}

/**
 * Reads a template literal as its tag gets it: `a ${x} b ${f(y)}` becomes `a {0} b {1}`.
 * @param {string} source
 * @param {number} start of what follows the opening backtick
 */
function numbered(source, start) {
  let text = '';
  let nValues = 0;
  for (let at = start; source[at] !== '`' && at < source.length; at++) {
    if (source.startsWith('${', at)) {
      text += `{${nValues++}}`;
      at = valueEnd(source, at + 2);
    } else if (source[at] === '\\') text += unescaped(source.slice(at, ++at + 1));
    else text += source[at];
  }
  return text;
}

/** @returns {number} index of the brace that ends a value, templates within it skipped */
function valueEnd(source, start) {
  let depth = 1;
  let at = start;
  for (; at < source.length; at++) {
    if (source[at] === '`') at = templateEnd(source, at + 1);
    else if (source[at] === '{') depth++;
    else if (source[at] === '}' && --depth === 0) break;
  }
  return at;
}

function templateEnd(source, start) {
  let at = start;
  for (; at < source.length && source[at] !== '`'; at++) {
    if (source[at] === '\\') at++;
    else if (source.startsWith('${', at)) at = valueEnd(source, at + 2);
  }
  return at;
}

/** @returns {{ missing: string[], stale: string[], placeholders: string[] }} */
export function compare(strings, translation) {
  const known = new Set(strings);
  return {
    missing: strings.filter(s => !(s in translation)),
    stale: Object.keys(translation).filter(s => !known.has(s)),
    placeholders: Object.entries(translation)
      .filter(([from, to]) => placeholdersOf(from) !== placeholdersOf(to))
      .map(([from]) => from),
  };
}

function placeholdersOf(text) {
  return [...new Set(text.match(/\{\d+\}/g) ?? [])].sort().join();
}

function unescaped(text) {
  return text.replace(/\\(u\{?([0-9a-fA-F]+)\}?|.)/g, (_, char, code) =>
    code === undefined ? ({ n: '\n', t: '\t' }[char] ?? char) : String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

function filesBelow(folder) {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.startsWith('cli'))
    .map(name => path.join(folder, name));
}

export function readJson(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
}

if (process.argv[1]?.endsWith('l10n.mjs')) {
  const strings = sourceStrings();
  if (process.argv.includes('--list')) console.log(JSON.stringify(strings, null, 2));
  else {
    for (const language of LANGUAGES) {
      const report = compare(strings, readJson(`l10n/bundle.l10n.${language}.json`));
      for (const [what, list] of Object.entries(report))
        for (const string of list) console.log(`${language} ${what}: ${JSON.stringify(string)}`);
      if (Object.values(report).some(list => list.length > 0)) process.exitCode = 1;
    }
  }
}
