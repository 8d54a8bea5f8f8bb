import type { TestCheckResult } from '../../../backend/contract/connections.ts';
import { Icon } from '../../components/icon.tsx';
import { words } from '../../text-settings.ts';

export type Check = TestCheckResult;

const looks: Record<Check['outcome'], { icon: string; tone: string }> = {
  passed: { icon: 'CheckMark', tone: 'good' },
  warning: { icon: 'Warning', tone: 'warn' },
  failed: { icon: 'ErrorBadge', tone: 'bad' },
  skipped: { icon: 'Clock', tone: 'quiet' },
};

/** What a test found, item by item, with what to do about it. */
export function TestFindings({ checks }: { checks: Check[] }) {
  const good = checks.every(({ outcome }) => outcome === 'passed' || outcome === 'skipped');
  return (
    <section className="stack tight" role="status" aria-label={words.connections.testResult}>
      <span className="strong">{good ? words.connections.testGood : words.connections.testResult}</span>
      <ul className="plain-list stack tight">
        {checks.map((check) => {
          const { icon, tone } = looks[check.outcome];
          return (
            <li className="row" style={{ alignItems: 'flex-start' }} key={`${check.code}:${check.finding}`}>
              <span className={tone}>
                <Icon iconName={icon} ariaLabel={words.connections.outcome[check.outcome]} />
              </span>
              <span className="any-wrap">
                {check.finding} {check.remedy && <span className="quiet">{check.remedy}</span>}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
