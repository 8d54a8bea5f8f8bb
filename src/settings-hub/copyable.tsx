import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { words } from '../text-settings.ts';

/** A value to carry elsewhere. Where the frame may not use the clipboard, the value can be selected by hand. */
export function Copyable({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div className="stack tight">
      <span className="small-text quiet">{label}</span>
      <div className="row wrap">
        <span className="secret">{value}</span>
        <Action label={copied ? words.copied : words.copy} subtle onClick={copy} />
      </div>
    </div>
  );
}
