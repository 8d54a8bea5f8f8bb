import { startPage } from '../boot.tsx';
import { TicketDialog } from './ticket-dialog.tsx';

void startPage((host) => <TicketDialog host={host} />);
