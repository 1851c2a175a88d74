/** Colours of code in answers. Languages are registered one by one, because each costs room in the package. */
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

const languages = { bash, css, diff, javascript, json, markdown, python, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);
hljs.registerAliases(['typescriptreact', 'javascriptreact'], { languageName: 'typescript' });
hljs.registerAliases(['shellscript'], { languageName: 'bash' });

/** Longer code is shown without colours: it is drawn again with every piece that streams in. */
const MAX_CHARS = 20_000;

/** @returns HTML, or undefined when the language is not known or the code too long. */
export function highlighted(code: string, language: string): string | undefined {
  if (code.length > MAX_CHARS || hljs.getLanguage(language) === undefined) return undefined;
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
