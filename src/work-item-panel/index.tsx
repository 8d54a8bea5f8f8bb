import { startPage } from '../boot.tsx';
import { WorkItemPanel } from './work-item-panel.tsx';

void startPage((host) => <WorkItemPanel host={host} />);
