import { startPage } from '../boot.tsx';

void startPage(() => <p>…</p>);
