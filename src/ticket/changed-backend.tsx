import { Action } from '../components/action.tsx';
import { Notice } from '../components/notice.tsx';
import { text } from '../text.ts';

/** Asks before the person's tokens go to an address that somebody changed. */
export function ChangedBackend({ url, previous, accept }: { url: string; previous: string; accept(): void }) {
  return (
    <Notice tone="warn">
      <span>{text.panel.backendChanged(url, previous)}</span>
      <span>
        <Action label={text.panel.trustBackend} onClick={accept} />
      </span>
    </Notice>
  );
}
