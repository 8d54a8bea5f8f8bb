import { startPage } from '../boot.tsx';
import { text } from '../text.ts';
import { WorkItemPanel } from './work-item-panel.tsx';

void startPage((host) => <WorkItemPanel host={host} />, { heading: () => text.panel.heading });
