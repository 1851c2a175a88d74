/**
 * From what a model wrote to HTML that can do nothing: Markdown without HTML, then sanitised, block by block, so that
 * what is finished stays as it is in the page while more streams in. The page's content policy is the second wall.
 */
import DOMPurify from 'dompurify';
import MarkdownIt, { type Token } from 'markdown-it';
import { openableLink } from '../../protocol/pages/chat';
import { t } from '../page';
import { highlighted } from './highlight';

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });
// An image would be a request to wherever a model's text points.
markdown.disable('image');
// "store.ts" is a file and no address.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.validateLink = href => openableLink(href) !== undefined;

const { escapeHtml } = markdown.utils;
const { rules } = markdown.renderer;
rules.fence = (tokens, index, _options, env) =>
  codeBlock(tokens[index].content, languageOf(tokens[index].info), isClosed(tokens[index], env as Env) ? WHOLE : PART);
// Nothing says where one ends that only its indentation makes.
rules.code_block = (tokens, index) => codeBlock(tokens[index].content, '', PART);
// Headings of an answer stand below the headings of its turn, whatever their own level.
rules.heading_open = (tokens, index) => `<h3 class="${tokens[index].tag}">`;
rules.heading_close = () => '</h3>';
rules.th_open = rules.td_open = (tokens, index) => {
  const alignment = /text-align:(right|center)/.exec(String(tokens[index].attrGet('style') ?? ''))?.[1];
  return alignment === undefined ? `<${tokens[index].tag}>` : `<${tokens[index].tag} class="${alignment}">`;
};
rules.table_open = () => '<div class="table" tabindex="0"><table>';
rules.table_close = () => '</table></div>';

const ALLOWED = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'strong', 'em', 's', 'ul', 'ol', 'li', 'blockquote', 'hr', 'h3', 'a', 'code', 'pre', 'span', 'div'],
    ...['table', 'thead', 'tbody', 'tr', 'th', 'td', 'button'],
  ],
  ALLOWED_ATTR: [
    'href',
    'title',
    'class',
    'start',
    'type',
    'role',
    'tabindex',
    'aria-label',
    'data-code',
    'data-language',
  ],
  ALLOWED_URI_REGEXP: /^https?:/i,
  // Every other attribute would have to be such an address too.
  ADD_URI_SAFE_ATTR: ['start', 'type', 'tabindex', 'aria-label', 'data-code', 'data-language'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

/** What the renderer's rules know besides their tokens. */
type Env = {
  /** Of the source. */
  readonly lines: readonly string[];
};

/** HTML of each top-level block of `text`. A block's HTML depends on its own source alone once the next has begun. */
export function htmlBlocks(text: string): string[] {
  const env: Env = { lines: text.split('\n') };
  return topLevel(markdown.parse(text, env)).map(tokens =>
    DOMPurify.sanitize(markdown.renderer.render(tokens, markdown.options, env), ALLOWED),
  );
}

/** What a screen reader says of an answer: its text, and of code only how much there is. */
export function spokenText(text: string): string {
  const parts = topLevel(markdown.parse(text, {})).map(([first, ...others]) => {
    if (first.type !== 'fence' && first.type !== 'code_block')
      return [first, ...others].map(token => (token.type === 'inline' ? token.content : '')).join(' ');
    const nLines = first.content.trimEnd().split('\n').length;
    return nLines === 1 ? t('Code, 1 line.') : t('Code, {0} lines.', nLines);
  });
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}

function topLevel(tokens: readonly Token[]): Token[][] {
  const blocks: Token[][] = [];
  let open: Token[] = [];
  for (const token of tokens) {
    open.push(token);
    if (token.level > 0 || token.nesting === 1) continue;
    blocks.push(open);
    open = [];
  }
  return blocks;
}

/** Whether a fenced block has its end: an answer may still be growing, or was cut off inside of it. */
function isClosed({ map, markup }: Token, { lines }: Env): boolean {
  if (map === null) return false;
  const [first, end] = map;
  const last = lines[end - 1]?.replace(/^[\s>]*/, '').trimEnd() ?? '';
  return end - 1 > first && last.startsWith(markup) && last.replaceAll(markup[0], '') === '';
}

/** The first word behind the fence, as in "```ts title=…". */
function languageOf(info: string): string {
  return markdown.utils
    .unescapeAll(info)
    .trim()
    .split(/[\s:,{]/, 1)[0]
    .toLowerCase();
}

/** What can be done with code; what is not whole may break what it is put into. */
const PART = ['copy'] as const;
const WHOLE = ['copy', 'insert', 'replace', 'newFile'] as const;

/** The toolbar's buttons are found again by `data-code`, and the code is the text of the block's `pre`. */
function codeBlock(code: string, language: string, uses: readonly (typeof WHOLE)[number][]): string {
  const shown = code.replace(/\n$/, '');
  const name = language === '' ? t('code') : language;
  const looks = {
    copy: { icon: 'copy', label: t('Copy') },
    insert: { icon: 'insert', label: t('Insert at cursor') },
    replace: { icon: 'replace', label: t('Replace selection…') },
    newFile: { icon: 'new-file', label: t('New file') },
  };
  const tools = uses
    .map(use => {
      const { icon, label } = looks[use];
      return `<button type="button" class="icon codicon codicon-${icon}" data-code="${use}" title="${escapeHtml(label)}" aria-label="${escapeHtml(label)}"></button>`;
    })
    .join('');
  return (
    `<div class="code" data-language="${escapeHtml(language)}"><div class="code-head"><span class="code-language">${escapeHtml(name)}</span>` +
    `<div class="code-tools" role="group" aria-label="${escapeHtml(t('Code in {0}', name))}">${tools}</div></div>` +
    `<pre tabindex="0"><code>${highlighted(shown, language) ?? escapeHtml(shown)}</code></pre></div>`
  );
}
