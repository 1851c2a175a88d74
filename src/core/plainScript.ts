/** Types where there are none: a model that has read TypeScript writes them in JavaScript too, where they do not parse. */

const PLAIN = /\.[cm]?jsx?$/i;
const TYPE = '(?:string|number|boolean|void|any|unknown|never|object|Promise<[^()]*>|Record<[^()]*>)(?:\\[\\])?';
const ANNOTATED = new RegExp(
  [
    `\\([\\w$]+\\??: ${TYPE}\\s*[,)=]`, // a parameter
    `\\): ${TYPE}\\s*(?:\\{|=>)`, // a result
    `^\\s*(?:export )?(?:const|let) [\\w$]+: ${TYPE}\\s*[=;]`,
    '^\\s*(?:export )?(?:interface [A-Z]\\w*(?: extends [\\w<>, ]+)? \\{|type [A-Z]\\w*(?:<[^=]*>)? =)',
  ].join('|'),
  'm',
);

/**
 * @param line the line with its completion
 * @param before the text above it: where that has types itself (Flow, say), they are welcome
 */
export function hasTypesInPlainScript(line: string, before: string, path: string): boolean {
  return (
    PLAIN.test(path) && !/^\s*(?:\/[/*]|\*)/.test(line) && ANNOTATED.test(line) && !ANNOTATED.test(uncommented(before))
  );
}

function uncommented(text: string): string {
  return text.replace(/^\s*(?:\/[/*]|\*).*$/gm, '');
}
