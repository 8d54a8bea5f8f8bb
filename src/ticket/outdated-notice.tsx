import type { ApiProblem } from '../api/problem.ts';
import { ProblemNotice } from '../components/notice.tsx';
import { text } from '../text.ts';

/** Above what stays on the screen although it could not be read again. */
export function OutdatedNotice({ problem, onRetry }: { problem: ApiProblem; onRetry(): void }) {
  return (
    <div className="stack">
      <ProblemNotice problem={problem} onRetry={onRetry} />
      <span className="small-text quiet">
        {text.panel.outdated} {problem.passes && text.panel.retryIn}
      </span>
    </div>
  );
}
