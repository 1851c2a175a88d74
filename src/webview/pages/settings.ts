/** The settings panel's page: hears states, draws them, and sends what a person wants. */
import '../settings/settings.css';
import type { FromSettingsPage, ToSettingsPage } from '../../protocol/pages/settings';
import { connect } from '../page';
import { receiveDrops } from '../settings/drops';
import { SettingsPage } from '../settings/settingsPage';

const page = new SettingsPage(document.getElementById('root')!, {
  post: message => connection.post(message),
  keep: kept => connection.keep(kept),
});
const connection = connect<ToSettingsPage, FromSettingsPage>(message => page.hear(message));
receiveDrops(document, page);
page.begin(connection.kept);
