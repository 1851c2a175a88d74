/** The page of what the instant module learned. */
import '../report.css';
import '../tiles.css';
import '../bars.css';
import '../instantExplorer/explorer.css';
import type { FromExplorerPage, ToExplorerPage } from '../../protocol/pages/instantExplorer';
import { ExplorerPage } from '../instantExplorer/explorerPage';
import { connect } from '../page';

const page = new ExplorerPage(document.getElementById('root')!, message => connection.post(message));
const connection = connect<ToExplorerPage, FromExplorerPage>(message => page.hear(message));
connection.post({ kind: 'ready' });
