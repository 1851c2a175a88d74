/** What a piece of code declares, and the names and paths that follow from it. */

import { indentOf } from '../indentation';
import type { ContextItem } from './chat';

/** The first line or lines of a Python definition, and how its body is indented. */
export function definitionHead(code: string): { readonly text: string; readonly inside: string } | undefined {
  const match = /^\s*(?:@[^\n]*\n\s*)*(?:async\s+)?(?:def|class)\b[^:]*?(?:\([^)]*\))?[^:\n]*:[ \t]*\n/.exec(code);
  if (match === null) return undefined;
  const body = code.slice(match[0].length);
  return { text: match[0], inside: indentOf(body.split('\n', 1)[0]) || '    ' };
}

export function declaredName(code: string): string | undefined {
  return /\b(?:function|class|const|let|var|def|interface|type|enum)\s+\*?\s*([A-Za-z_$][\w$]*)/.exec(code)?.[1];
}

export function typeName(name: string): string {
  const letters = name.replace(/\W/g, '');
  return `${letters.slice(0, 1).toUpperCase()}${letters.slice(1)}`;
}

export function baseName(path: string): string {
  const name = path.split('/').at(-1) ?? path;
  return name.replace(/\.\w+$/, '');
}

export function siblingPath(path: string, name: string): string {
  const parts = path.split('/');
  const ending = /\.\w+$/.exec(path)?.[0] ?? '';
  return [...parts.slice(0, -1), `${name}${ending}`].join('/');
}

export function quoted(text: string): string {
  return text.replace(/[\\']/g, '\\$&').replace(/\s+/g, ' ');
}

/** Offset of the first line that a problem names; at least the first line is kept where it begins a block. */
export function firstProblemAt(item: ContextItem, context: readonly ContextItem[]): number {
  const firstLine = item.firstLine ?? 1;
  const lines = item.text.split('\n');
  const problems = context
    .filter(({ kind, path }) => kind === 'diagnostics' && path === item.path)
    .flatMap(({ text }) => text.split('\n').map(line => Number(/^(\d+):/.exec(line)?.[1])))
    .filter(line => line >= firstLine && line < firstLine + lines.length);
  const nKept = problems.length > 0 ? Math.min(...problems) - firstLine : Math.min(1, lines.length - 1);
  return lines.slice(0, nKept).join('\n').length + (nKept > 0 ? 1 : 0);
}
