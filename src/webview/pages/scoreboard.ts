/** The scoreboard's page. */
import '../report.css';
import '../tiles.css';
import '../charts.css';
import '../scoreboard/scoreboard.css';
import type { FromScoreboardPage, ToScoreboardPage } from '../../protocol/pages/scoreboard';
import { connect } from '../page';
import { ScoreboardPage } from '../scoreboard/scoreboardPage';

const page = new ScoreboardPage(document.getElementById('root')!, message => connection.post(message));
const connection = connect<ToScoreboardPage, FromScoreboardPage>(message => page.hear(message));
connection.post({ kind: 'ready' });
