/** The page that compares modules on a person's own edits. */
import '../report.css';
import '../edits/edits.css';
import type { FromEditsPage, ToEditsPage } from '../../protocol/pages/edits';
import { EditsPage } from '../edits/editsPage';
import { connect } from '../page';

const page = new EditsPage(document.getElementById('root')!, message => connection.post(message));
const connection = connect<ToEditsPage, FromEditsPage>(message => page.hear(message));
connection.post({ kind: 'ready' });
