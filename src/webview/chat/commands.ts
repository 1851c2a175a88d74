/** The slash commands as the panel offers them. */
import type { ChatCommand } from '../../protocol/pages/chat';
import { t } from '../page';

const descriptions: Readonly<Record<ChatCommand, string>> = {
  explain: t('Say what the code does'),
  doc: t('Write a documentation comment'),
  test: t('Write a test'),
  fix: t('Mend the problems shown'),
  types: t('Add or write types'),
};

export interface OfferedCommand {
  readonly name: ChatCommand;
  readonly description: string;
}

/** @returns the commands that begin with `query`, in the order in which they are offered. */
export function commandsLike(query: string): OfferedCommand[] {
  return (Object.entries(descriptions) as [ChatCommand, string][])
    .filter(([name]) => name.startsWith(query))
    .map(([name, description]) => ({ name, description }));
}
