/** The settings panel's page: hears states, draws them, and sends what a person wants. */
import type { FromSettingsPage, ToSettingsPage } from '../../protocol/pages/settings';
import { connect } from '../page';
import { receiveDrops } from '../settings/drops';
import { SettingsPage } from '../settings/settingsPage';
import '../settings/page.css';
import '../settings/head.css';
import '../settings/alignment.css';
import '../settings/preview.css';
import '../settings/cards.css';
import '../settings/compare.css';
import '../settings/options.css';

const page = new SettingsPage(document.getElementById('root')!, {
  post: message => connection.post(message),
  keep: kept => connection.keep(kept),
});
const connection = connect<ToSettingsPage, FromSettingsPage>(message => page.hear(message));
receiveDrops(document, page);
page.begin(connection.kept);
