import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { words } from '../text-settings.ts';

/** Extensions live in frames, to which the host need not grant the clipboard; the older way asks for no permission. */
async function copyText(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    const focused = document.activeElement;
    const area = document.createElement('textarea');
    area.value = value;
    area.readOnly = true;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const isDone = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return isDone;
  }
}

/** Copies a value and says whether it did. Where neither way is allowed, the value can be selected by hand. */
export function CopyButton({ label, value }: { label: string; value(): string }) {
  const [done, setDone] = useState<boolean>();
  const copy = () => {
    void copyText(value()).then(setDone);
  };
  return (
    <span className="row wrap">
      <Action label={label} subtle onClick={copy} />
      <span role="status" className="quiet">
        {done === undefined ? '' : done ? words.copied : words.copyRefused}
      </span>
    </span>
  );
}

/** A value to carry elsewhere. */
export function Copyable({ label, value }: { label: string; value: string }) {
  return (
    <div className="stack tight">
      <span className="small-text quiet">{label}</span>
      <div className="row wrap">
        <span className="secret">{value}</span>
        <CopyButton label={words.copy} value={() => value} />
      </div>
    </div>
  );
}
