/** Edits as a person makes them, of signs that tokenizers cut text at. */

const PIECES = [
  'a',
  ' ',
  '  ',
  '\n',
  '\n    ',
  '\r\n',
  '\r',
  '\t',
  '(',
  ');',
  '=',
  ' += ',
  '1',
  '12',
  '٣',
  '½',
  "'t",
  "'",
  "'Re",
  'é',
  'e\u0301',
  '\u0301',
  'ß',
  'Ω',
  'K',
  '🙂',
  '👩‍👩‍👧',
  '日本',
  '、。',
  '\u3000',
  '한국',
  '→',
  '—',
  '“x”',
  '_x',
  '\u00a0',
  '\u2003',
  '\u2028',
  '\u200d',
  'שלום',
  '<|',
  '<tool_',
  'call>',
  '<tool_call>',
];

/** Types, pastes, deletes or undoes somewhere, most often at the end. */
export function randomEdit(text: string, random: () => number): string {
  const at = random() < 0.6 ? text.length : Math.floor(random() * text.length);
  const nDeleted = random() < 0.4 ? Math.floor(random() * 12) : 0;
  let inserted = '';
  for (let n = Math.floor(random() * 4); n > 0; n--) inserted += PIECES[Math.floor(random() * PIECES.length)];
  return text.slice(0, Math.max(0, at - nDeleted)) + inserted + text.slice(at);
}
