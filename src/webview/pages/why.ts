/** The page that explains a suggestion. */
import '../report.css';
import '../bars.css';
import '../why/why.css';
import type { FromWhyPage, ToWhyPage } from '../../protocol/pages/why';
import { connect } from '../page';
import { WhyPage } from '../why/whyPage';

const page = new WhyPage(document.getElementById('root')!, message => connection.post(message));
const connection = connect<ToWhyPage, FromWhyPage>(message => page.hear(message));
connection.post({ kind: 'ready' });
