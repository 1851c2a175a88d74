/** A conversation as a Markdown document, to be kept or shared. */
import type { ContextItem } from '../../core/chat/chat';
import { withClosedFence } from '../../core/chat/chatAnswer';
import type { Conversation, Turn } from '../../protocol/chatState';

export function conversationMarkdown({ title, turns }: Conversation): string {
  return `${[`# ${title}`, ...turns.flatMap(turnMarkdown)].join('\n\n')}\n`;
}

function turnMarkdown(turn: Turn): string[] {
  if (turn.kind === 'user') {
    const command = turn.command === undefined ? '' : `\`/${turn.command}\` `;
    const question = `${command}${turn.text}`.trim();
    const context = turn.context.map(contextName);
    return [
      '## Question',
      ...(question === '' ? [] : [question]),
      ...(context.length === 0 ? [] : [`With ${context.join(', ')}.`]),
    ];
  }
  const { state, writers } = turn;
  const note =
    state.kind === 'stopped' ? '*Stopped.*' : state.kind === 'failed' ? `*Failed: ${state.message}*` : undefined;
  return [
    writers.length === 0 ? '## Answer' : `## Answer (${writers.join(', ')})`,
    ...(turn.text === '' ? [] : [withClosedFence(turn.text)]),
    ...(note === undefined ? [] : [note]),
  ];
}

function contextName({ kind, path, firstLine, text }: ContextItem): string {
  if (kind === 'diagnostics') return `the problems of \`${path}\``;
  if (firstLine === undefined || kind !== 'selection') return `\`${path}\``;
  const nLines = text.replace(/\n$/, '').split('\n').length;
  return `\`${path}\` lines ${firstLine}–${firstLine + nLines - 1}`;
}
