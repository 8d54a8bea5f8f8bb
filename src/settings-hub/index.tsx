import { startPage } from '../boot.tsx';
import { SettingsHub } from './settings-hub.tsx';

void startPage((host) => <SettingsHub host={host} />);
