import { startPage } from '../boot.tsx';
import { dialogHeading, TicketDialog } from './ticket-dialog.tsx';

void startPage((host) => <TicketDialog host={host} />, { heading: dialogHeading });
