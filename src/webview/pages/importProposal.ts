/** The page that imports a proposal: what will happen, how far it is, and a completion to try. */
import '../report.css';
import '../importProposal/importProposal.css';
import type { FromImportPage, ToImportPage } from '../../protocol/pages/importProposal';
import { ImportPage } from '../importProposal/importPage';
import { connect } from '../page';

const page = new ImportPage(document.getElementById('root')!, message => connection.post(message));
const connection = connect<ToImportPage, FromImportPage>(message => page.hear(message));
connection.post({ kind: 'ready' });
