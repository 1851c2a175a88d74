/** The page that shows what a module trained on feedback would change. */
import '../report.css';
import '../improvement/improvement.css';
import { render } from 'lit-html';
import type { FromImprovementPage, ToImprovementPage } from '../../protocol/pages/improvement';
import { pageView } from '../improvement/view';
import { connect } from '../page';

const root = document.getElementById('root')!;
let state: Exclude<ToImprovementPage, { readonly kind: 'said' }> | undefined;
let said = '';

const connection = connect<ToImprovementPage, FromImprovementPage>(message => {
  said = message.kind === 'said' ? message.text : '';
  if (message.kind !== 'said') state = message;
  draw();
});

function draw(): void {
  render(
    pageView(state, said, decision => connection.post({ kind: 'decide', decision })),
    root,
  );
}

draw();
connection.post({ kind: 'ready' });
