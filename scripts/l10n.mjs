// Strings that people see: collects them from the source, and says what a translation lacks or has too much.
//   node scripts/l10n.mjs        prints what is missing in each translation, and ends with 1 when something is
//   node scripts/l10n.mjs --list prints every string of the source as JSON
import fs from 'node:fs';
import path from 'node:path';

/** Of translations: l10n/bundle.l10n.LANGUAGE.json and package.nls.LANGUAGE.json. */
export const LANGUAGES = ['de'];

const CALL = /\b(?:l10n\.t|t)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\$]|\\.)*)`)/g;
const SENTENCE = /\bsay`((?:[^`\\]|\\.)*)`/g;

/** @returns {string[]} every string that is given to a translator, sorted */
export function sourceStrings() {
  const strings = new Set();
  for (const file of filesBelow('src')) {
    const source = fs.readFileSync(file, 'utf8');
    for (const [, single, double, back] of source.matchAll(CALL)) strings.add(unescaped(single ?? double ?? back));
    for (const [, template] of source.matchAll(SENTENCE)) {
      const text = numbered(template);
      // A sentence that is nothing but a value has nothing to translate.
      if (/\p{L}/u.test(text.replace(/\{\d+\}/g, ''))) strings.add(text);
    }
  }
  return [...strings].sort();
}

/** `a ${x} b ${f(y)}` as the tag makes it: `a {0} b {1}`. */
function numbered(template) {
  let text = '';
  let nValues = 0;
  for (let at = 0; at < template.length; at++) {
    if (template[at] === '$' && template[at + 1] === '{') {
      text += `{${nValues++}}`;
      for (let depth = 1, end = at + 2; depth > 0; end++, at = end - 1) {
        if (template[end] === '{') depth++;
        if (template[end] === '}') depth--;
      }
    } else if (template[at] === '\\') text += unescaped(template.slice(at, ++at + 1));
    else text += template[at];
  }
  return text;
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
