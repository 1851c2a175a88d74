/** What the words of a question ask for: prose or code, the declaration that such code begins with, and whether something is to be mended. */

import type { ChatTurn } from './chat';
import type { CommentLanguage } from './commentLanguage';

/** What a question asks for is code when it names a deed, and prose when it is asked as a question. */
export function asksForProse(text: string): boolean {
  if (DEED.test(text)) return false;
  return (
    /\?\s*$/.test(text) ||
    /^\s*(?:what|why|how|when|where|which|who|is|are|does|do|can|could|should|would|explain|describe|summari[sz]e|tell)\b/i.test(
      text,
    )
  );
}

const DEED =
  /^\s*(?:(?:please|now|can you|could you|would you)\s+)*(?:write|create|add|implement|make|generate|give|show|define|declare)\b/i;

/** Whether something is to be mended or does not work: what the editor says is wrong then goes along. English and German. */
export function isAboutProblems({ command, text }: Pick<ChatTurn, 'command' | 'text'>): boolean {
  return command === 'fix' || (command === undefined && PROBLEM.test(text));
}

const PROBLEM =
  /\b(?:fix(?:es|ed|ing)?|repair|errors?|problems?|diagnostics?|warnings?|bugs?|broken|wrong|fail(?:s|ed|ing)?|(?:does|do|did)(?:n['’]t| not) (?:work|compile)|behebe|beheben|repariere|reparieren|fehler\w*|probleme?|warnung(?:en)?|kaputt|falsch|geht nicht|funktioniert nicht)\b/i;

/** What is wished for: words around the wish go, and the kind of thing begins the code. */
const WISH =
  /^\s*(?:(?:please|now|can you|could you|would you)\s+)*(?:write|create|add|implement|make|generate|give|show|define|declare)\s+(?:me\s+)?(?:an?\s+|the\s+|some\s+)?((?:\w+\s+){0,2}?)(function|method|hook|component|class|interface|type)\b\s*(?:that|which|to|for)?\s*/i;

export function wishOf(text: string, { fence }: CommentLanguage): { comment: string; opening: string } {
  const [wish, , kind] = WISH.exec(text) ?? [''];
  const rest = text.slice(wish.length).replace(/[?.!\s]+$/, '');
  if (kind === undefined || rest === '') return { comment: text, opening: '' };
  const comment = `${rest[0].toUpperCase()}${rest.slice(1)}.`;
  return { comment, opening: openingOf(kind.toLowerCase(), fence) };
}

function openingOf(kind: string, fence: string): string {
  const isScript = /^[jt]sx?$/.test(fence);
  if (fence === 'python') return kind === 'class' ? 'class ' : kind === 'function' || kind === 'method' ? 'def ' : '';
  if (!isScript) return '';
  switch (kind) {
    case 'hook':
      return 'export function use';
    case 'class':
      return 'export class ';
    case 'interface':
    case 'type':
      return fence.startsWith('ts') ? `export ${kind} ` : '';
    default:
      return 'export function ';
  }
}
