import { startPage } from '../boot.tsx';
import { text } from '../text.ts';
import { WorkItemPage } from './work-item-page.tsx';

void startPage((host) => <WorkItemPage host={host} />, { heading: () => text.page.ticket });
