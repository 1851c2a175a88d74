/** The chat panel: draws the state that the extension sends, and sends what a person wants. */
import '../chat/page.css';
import '../chat/welcome.css';
import '../chat/conversation.css';
import '../chat/markdown.css';
import '../chat/below.css';
import '../chat/composer.css';
import '../chat/bar.css';
import '../chat/narrow.css';
import { html, nothing, render } from 'lit-html';
import type { ChatPageState, FromChatPage, ToChatPage } from '../../protocol/pages/chat';
import { onAnswerClick } from '../chat/answerClicks';
import { Composer, type Kept } from '../chat/composer';
import { conversation, problemBox } from '../chat/conversation';
import { editBar } from '../chat/edits';
import { Follow } from '../chat/follow';
import { spokenText } from '../chat/markdown';
import { modelNotice, switchedOff, welcome } from '../chat/welcome';
import { connect, t } from '../page';

/** Longer answers are not read out as a whole; a person goes there and reads them. */
const MAX_SPOKEN_CHARS = 600;

const root = document.querySelector<HTMLElement>('#root')!;
const { post, keep, kept } = connect<ToChatPage, FromChatPage>(onMessage);
const follow = new Follow(() => root.querySelector('.scroll'));

let state: ChatPageState | undefined;
let announced = '';
let isDrawing = false;

const composer = new Composer(
  {
    post,
    keep: (draft: Kept) => keep(draft),
    // A key is answered at once: what follows it looks at the text and the cursor.
    redraw: draw,
    say,
    onSent: () => {
      follow.start();
      draw();
    },
  },
  kept,
);

root.addEventListener('click', event => onAnswerClick(event, post, say));
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && !event.isComposing && state !== undefined && composer.escape(state))
    event.preventDefault();
});
// A narrower panel makes a longer answer, whose end stays in view.
window.addEventListener('resize', redraw);
redraw();
post({ kind: 'ready' });

function onMessage(message: ToChatPage): void {
  switch (message.kind) {
    case 'state':
      take(message.state);
      break;
    case 'delta':
      state = withDelta(state, message);
      break;
    case 'suggestions':
      composer.onSuggestions(message.request, message.items);
      break;
    case 'compose':
      composer.compose(message.text);
      break;
  }
  redraw();
}

function take(next: ChatPageState): void {
  if (next.conversation.id !== state?.conversation.id) follow.start();
  announce(state, next);
  state = next;
}

/** A screen reader hears that an answer began, and the answer once it stands: never every piece of it. */
function announce(before: ChatPageState | undefined, { isAnswering, turns }: ChatPageState): void {
  if (before === undefined || before.isAnswering === isAnswering) return;
  const answer = turns.at(-1)?.answer;
  if (isAnswering) say(t('Residual is answering.'));
  else if (answer?.state === 'stopped') say(t('Stopped.'));
  else if (answer?.state === 'done') {
    const text = spokenText(answer.text);
    say(text.length > MAX_SPOKEN_CHARS ? t('The answer is there: {0}…', text.slice(0, MAX_SPOKEN_CHARS)) : text);
  }
}

function withDelta(
  before: ChatPageState | undefined,
  { turn, at, text }: Extract<ToChatPage, { kind: 'delta' }>,
): ChatPageState | undefined {
  const last = before?.turns.at(-1);
  if (before === undefined || last?.answer === undefined || last.id !== turn || last.answer.text.length !== at) {
    post({ kind: 'ready' });
    return before;
  }
  const answer = { ...last.answer, state: 'streaming' as const, text: last.answer.text + text };
  return { ...before, turns: [...before.turns.slice(0, -1), { ...last, answer }] };
}

function say(text: string): void {
  announced = text;
  redraw();
}

/** Once a frame at most, however fast an answer streams. */
function redraw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function draw(): void {
  const focused = document.activeElement;
  render(
    html`<h1 class="spoken">${t('Residual chat')}</h1>
      ${body()}
      <div class="spoken" role="status">${announced}</div>`,
    root,
  );
  // A new conversation's examples are read from their beginning.
  if (state !== undefined && state.turns.length > 0) follow.afterDraw();
  // A button that is gone once it was pressed leaves the focus to the question.
  if (focused !== null && focused !== document.body && !focused.isConnected) composer.focus();
}

function body() {
  if (state === undefined) return nothing;
  if (!state.isOn) return html`<div class="scroll">${switchedOff(post)}</div>`;
  const shown = state;
  const content =
    shown.turns.length === 0
      ? welcome(shown, post)
      : conversation({
          turns: shown.turns,
          isAnswering: shown.isAnswering,
          editing: composer.editing,
          post,
          onEdit: turn => composer.edit(turn),
        });
  return html`<section class="scroll" aria-label=${t('Conversation')} @scroll=${() => follow.onScroll(redraw)}>${content}</section>
    <div class="below">
      ${
        follow.isFollowing || shown.turns.length === 0
          ? nothing
          : html`<button type="button" class="secondary latest" @click=${() => {
              follow.start();
              redraw();
            }}><span class="codicon codicon-arrow-down" aria-hidden="true"></span> ${t('Latest')}</button>`
      }
      ${editBar(shown.edit, post)} ${shown.problem === undefined ? nothing : problemBox(shown.problem, post)}
      ${shown.turns.length === 0 ? nothing : modelNotice(shown, post)}
      ${composer.template(shown)}
    </div>`;
}
