/** Options of the commands in a terminal: `--help` everywhere, and an unknown one is answered by the usage. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf, UserError } from '../core/errors';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Ends the process where `--help` was asked for.
 * @param usage one line, which begins with `usage: `
 * @throws UserError
 */
export function readOptions<T extends Options>(
  options: T,
  usage: string,
  help: () => string = () => usage,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  if (process.argv.slice(2).includes('--help')) {
    console.log(help());
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new UserError('usage', `${messageOf(error)} ${usage}`);
  }
}
