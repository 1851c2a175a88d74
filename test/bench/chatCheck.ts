/**
 * `npm run -s chat-check -- --proposal DIR [--against-llama GGUF] [--only ID] [--json]`: twelve everyday questions, asked greedily, and
 * whether each answer contains or does what it must. With a GGUF file the same prompts' tokens are answered by llama.cpp
 * too, which is fetched into `RESIDUAL_CHECK_CACHE` and is no dependency. Not part of any other test: it takes minutes.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isWhole, shownAnswer } from '../../src/core/chat/chatAnswer';
import { messageOf, UserError } from '../../src/core/errors';
import { chatPromptOf, runChat } from '../../src/engine/chat';
import { type Lease, ModelPool } from '../../src/engine/modelPool';
import type { ChatRequest } from '../../src/protocol/chat';
import type { Fault } from './chatCheck/answerCode';
import { type CheckedQuestion, QUESTIONS } from './chatCheck/questions';
import { openLlama } from './importCheck/llamaCpp';

const MOST_ANSWER_TOKENS = 768;
const CONTEXT_TOKENS = 4096;

interface Checked {
  readonly question: string;
  readonly answer: string;
  /** Why the answer ended. */
  readonly stop: string;
  readonly fault: Fault;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      proposal: { type: 'string' },
      'against-llama': { type: 'string' },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.proposal === undefined) throw new UserError('usage', 'Name the folder of a proposal: --proposal DIR.');
  const questions = QUESTIONS.filter(({ id }) => values.only?.includes(id) ?? true);
  if (questions.length === 0)
    throw new UserError('usage', `--only is one of ${QUESTIONS.map(({ id }) => id).join(', ')}.`);

  const folder = { id: path.basename(values.proposal), dir: values.proposal };
  const pool = new ModelPool({
    modelsDir: path.dirname(values.proposal),
    limits: { threads: availableParallelism(), memoryMiB: 16_384 },
    loadNgram: () => {
      throw new Error('No module takes part.');
    },
    onStep: () => {},
  });
  const { signal } = new AbortController();
  const lease = await pool.acquire({ proposal: folder, modules: [] }, 'chat', signal);
  const ours: Checked[] = [];
  for (const question of questions) {
    const request = requestOf(folder, question);
    const result = await runChat(
      lease,
      request,
      async () => {},
      () => {},
      signal,
    );
    const answer = shownAnswer(result.shape, result.text, isWhole(result.stop) ? 'over' : 'streaming');
    ours.push(await checked(question, answer, result.stop));
    if (!values.json) report(folder.id, ours[ours.length - 1]);
  }
  const gguf = values['against-llama'];
  const theirs =
    gguf === undefined
      ? undefined
      : await answersOfLlama(gguf, lease, questions, request => requestOf(folder, request), !values.json);
  lease.release();
  await pool.close();

  const nPassed = (all: readonly Checked[]) => all.filter(({ fault }) => fault === undefined).length;
  if (values.json) console.log(JSON.stringify({ proposal: folder.id, ours, ...(theirs && { theirs }) }, undefined, 2));
  console.error(`${folder.id}: ${nPassed(ours)} of ${questions.length} answers do what they must.`);
  if (theirs) console.error(`llama.cpp: ${nPassed(theirs)} of ${questions.length}.`);
}

function requestOf(proposal: ChatRequest['proposal'], { asked }: CheckedQuestion): ChatRequest {
  return {
    proposal,
    modules: [],
    turns: [{ role: 'user', ...asked }],
    written: '',
    sampling: { seed: 1, temperature: 0 },
    maxTokens: MOST_ANSWER_TOKENS,
    contextTokens: CONTEXT_TOKENS,
  };
}

async function checked(question: CheckedQuestion, answer: string, stop: string): Promise<Checked> {
  return { question: question.id, answer, stop, fault: await question.fault(answer) };
}

/** The same prompts, token by token, answered greedily by another implementation and decoded by our tokenizer. */
async function answersOfLlama(
  gguf: string,
  lease: Lease,
  questions: readonly CheckedQuestion[],
  request: (question: CheckedQuestion) => ChatRequest,
  isTold: boolean,
): Promise<Checked[]> {
  const cache = path.resolve(process.env.RESIDUAL_CHECK_CACHE ?? 'artifacts/import-check');
  const llama = await openLlama(gguf, CONTEXT_TOKENS, cache);
  const { tokenizer } = lease.proposal;
  const all: Checked[] = [];
  for (const question of questions) {
    const { tokens, stopTokens } = chatPromptOf(lease, request(question));
    const answered = await llama.greedy(tokens, MOST_ANSWER_TOKENS, stopTokens);
    const stop = answered.length < MOST_ANSWER_TOKENS ? 'end' : 'length';
    all.push(await checked(question, tokenizer.decode(answered).trim(), stop));
    if (isTold) report('llama.cpp', all[all.length - 1]);
  }
  await llama.close();
  return all;
}

function report(who: string, { question, stop, fault }: Checked): void {
  const ended = stop === 'end' ? '' : ` (it ended by ${stop})`;
  console.log(`${who}  ${question.padEnd(12)} ${fault === undefined ? 'passes' : `fails: ${fault}${ended}`}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
