/** The page that trains a module. */
import '../report.css';
import '../charts.css';
import '../training/training.css';
import '../training/job.css';
import type { FromTrainingPage, ToTrainingPage } from '../../protocol/pages/training';
import { connect } from '../page';
import { TrainingPage } from '../training/trainingPage';

const root = document.getElementById('root')!;
const page = new TrainingPage(root, {
  post: message => connection.post(message),
  keep: kept => connection.keep(kept),
});
const connection = connect<ToTrainingPage, FromTrainingPage>(message => page.hear(message));
page.restore(connection.kept);
connection.post({ kind: 'ready' });
