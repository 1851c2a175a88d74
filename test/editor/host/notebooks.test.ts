// What a completion in a notebook is asked with: the cells of its language as one program, whatever stands between them.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { notebookOf, textAround } from '../../../src/vscode/documentText';

/** A cell is `language: text`; `█` is the cursor. */
const rows: readonly (readonly [string, readonly string[], { prefix: string; lineRest?: string; suffix: string }])[] = [
  ['the only cell', ['python: a = █'], { prefix: 'a = ', suffix: '' }],
  ['cells above', ['python: a = 1', 'python: b = 2', 'python: c = █'], { prefix: 'a = 1\nb = 2\nc = ', suffix: '' }],
  ['cells below', ['python: a = █', 'python: b = 2', 'python: c = 3'], { prefix: 'a = ', suffix: 'b = 2\nc = 3' }],
  [
    'cells on both sides, and lines of its own',
    ['python: a = 1', 'python: b = 2\nc = █ + 1\nd = 4', 'python: e = 5'],
    { prefix: 'a = 1\nb = 2\nc = ', lineRest: ' + 1', suffix: 'd = 4\ne = 5' },
  ],
  ['an empty last line', ['python: a = █\n', 'python: b = 2'], { prefix: 'a = ', suffix: '\nb = 2' }],
  [
    'prose and cells of another language',
    ['python: a = 1', 'markdown: # Then', 'css: a {}', 'python: b = █', 'markdown: # End', 'python: c = 3'],
    { prefix: 'a = 1\nb = ', suffix: 'c = 3' },
  ],
  [
    'Windows line ends',
    ['python: a = 1\r\nb = 2', 'python: c = █\r\nd = 4'],
    { prefix: 'a = 1\nb = 2\nc = ', suffix: 'd = 4' },
  ],
];

async function open(cells: readonly string[]): Promise<{ document: vscode.TextDocument; position: vscode.Position }> {
  let at = { cell: 0, offset: 0 };
  const contents = cells.map((text, cell) => {
    const [language, code] = text.split(/: (.*)/s);
    const offset = code.indexOf('█');
    if (offset >= 0) at = { cell, offset };
    const kind = language === 'markdown' ? vscode.NotebookCellKind.Markup : vscode.NotebookCellKind.Code;
    return new vscode.NotebookCellData(kind, code.replace('█', ''), language);
  });
  const notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', new vscode.NotebookData(contents));
  const { document } = notebook.cellAt(at.cell);
  return { document, position: document.positionAt(at.offset) };
}

describe('a completion in a notebook', () => {
  for (const [what, cells, expected] of rows) {
    it(`is asked with ${what}`, async () => {
      const { document, position } = await open(cells);
      const { prefix, lineRest, suffix } = textAround(document, position, []);
      assert.deepEqual({ prefix, lineRest, suffix }, { lineRest: '', ...expected });
    });
  }

  it('keeps the left edge where it is while a person types below long cells', async () => {
    const long = Array.from({ length: 400 }, (_, i) => `value_${i} = compute(${i})`).join('\n');
    const shown = async (typed: string) => {
      const { document, position } = await open([`python: ${long}`, `python: ${typed}█`]);
      return textAround(document, position, []).prefix;
    };
    const [before, after] = [await shown('a = val'), await shown('a = value')];
    assert.ok(before.length < long.length, 'nothing was left out');
    assert.match(before, /^value_\d+ = .*\na = val$/s);
    assert.equal(after, `${before}ue`);
  });

  it('belongs to its notebook, and a file to none', async () => {
    const { document } = await open(['python: a = █']);
    assert.equal(notebookOf(document)?.notebookType, 'jupyter-notebook');
    assert.equal(notebookOf(await vscode.workspace.openTextDocument({ content: '' })), undefined);
  });
});
