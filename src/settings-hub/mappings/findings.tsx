import type { MappingProblem } from '../../../backend/contract/mappings.ts';
import { Notice } from '../../components/notice.tsx';
import { words } from '../../text-settings.ts';

/** Problems of a mapping by field, with the remedy; errors first, because they keep it from being published. */
export function Findings({ problems, onShow }: { problems: MappingProblem[]; onShow(field: string): void }) {
  if (problems.length === 0) return <Notice tone="good">{words.mappings.noProblems}</Notice>;
  const sorted = problems.toSorted((a, b) => a.severity.localeCompare(b.severity));
  return (
    <Notice tone={sorted[0]?.severity === 'error' ? 'bad' : 'warn'}>
      <span className="strong">{words.mappings.problems(problems.length)}</span>
      {sorted.map((problem) => (
        <span key={`${problem.field}:${problem.problem}`}>
          <span className="strong">{problem.field}</span>: {problem.problem}{' '}
          <span className="quiet">{problem.remedy}</span>{' '}
          <button type="button" className="plain-link" onClick={() => onShow(problem.field)}>
            {words.mappings.show}
          </button>
        </span>
      ))}
    </Notice>
  );
}
