import { startPage } from '../boot.tsx';
import { WorkItemPage } from './work-item-page.tsx';

void startPage((host) => <WorkItemPage host={host} />);
