/** Clicks in answers: their links and the buttons of their code, which are HTML made from Markdown and know no listeners. */
import type { FromChatPage } from '../../protocol/pages/chat';
import { t } from '../page';

/** How long a button says that it has copied. */
const COPIED_MS = 1500;

export function onAnswerClick(
  event: MouseEvent,
  post: (message: FromChatPage) => void,
  say: (text: string) => void,
): void {
  const target = event.target as Element;
  const link = target.closest('.markdown a[href]');
  if (link !== null) {
    // The extension looks at the address and opens it; the page itself goes nowhere.
    event.preventDefault();
    event.stopPropagation();
    post({ kind: 'openLink', href: link.getAttribute('href') ?? '' });
    return;
  }
  const button = target.closest<HTMLElement>('.markdown [data-code]');
  const block = button?.closest('.code');
  if (button === null || !block) return;
  const code = block.querySelector('pre')?.textContent ?? '';
  const language = block.getAttribute('data-language') ?? '';
  switch (button.dataset.code) {
    case 'copy':
      post({ kind: 'copy', text: code });
      button.classList.replace('codicon-copy', 'codicon-check');
      setTimeout(() => button.classList.replace('codicon-check', 'codicon-copy'), COPIED_MS);
      say(t('Copied.'));
      break;
    case 'insert':
    case 'replace':
    case 'newFile':
      post({ kind: 'apply', to: button.dataset.code, code, language });
  }
}
