import type { ReactNode } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { text } from '../text.ts';
import { Action } from './action.tsx';
import { Icon } from './icon.tsx';

export type Tone = 'bad' | 'warn' | 'calm' | 'good';

const icons: Record<Tone, string> = { bad: 'ErrorBadge', warn: 'Warning', calm: 'Info', good: 'Completed' };

export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon iconName={icons[tone]} />
      <div className="stack tight any-wrap">{children}</div>
    </div>
  );
}

/** What went wrong, what the reader can do, who can help; the request id for the operator at the end. */
export function ProblemNotice({ problem, onRetry }: { problem: ApiProblem; onRetry?: () => void }) {
  return (
    <Notice tone={problem.passes ? 'warn' : 'bad'}>
      <span className="strong">{problem.title}</span>
      {problem.fields.length > 0 && (
        <ul className="plain-list">
          {problem.fields.map((field) => (
            <li key={`${field.field}:${field.problem}`}>
              <span className="strong">{field.field}</span>: {field.problem} {field.remedy}
            </li>
          ))}
        </ul>
      )}
      <span>{problem.action}</span>
      {problem.needs && <span>{text.problem.needs(problem.needs)}</span>}
      <span className="row wrap">
        {onRetry && <Action label={text.tryAgain} icon="Sync" onClick={onRetry} />}
        {problem.requestId && (
          <span className="small-text quiet">{text.problem.requestId(problem.requestId)}</span>
        )}
      </span>
    </Notice>
  );
}
