import type { TicketCard } from '../../backend/contract/links.ts';
import { text } from '../text.ts';
import { Icon } from './icon.tsx';

type Category = TicketCard['status']['category'];

const looks: Record<Category, { icon: string; tone: string }> = {
  proposed: { icon: 'CategoryProposed', tone: 'quiet' },
  inProgress: { icon: 'CategoryInProgress', tone: 'calm' },
  resolved: { icon: 'CategoryResolved', tone: 'good' },
  completed: { icon: 'CategoryCompleted', tone: 'good' },
  removed: { icon: 'CategoryRemoved', tone: 'quiet' },
  unknown: { icon: 'CategoryUnknown', tone: 'quiet' },
};

/** The ticket system's own word, with its category as colour and shape: neither is needed to read the other. */
export function StatusMark({ status }: { status: { name: string; category: Category } }) {
  const { icon, tone } = looks[status.category];
  return (
    <span className="row one-line" style={{ gap: 4 }} title={text.category[status.category]}>
      <span className={tone}>
        <Icon iconName={icon} />
      </span>
      <span className="one-line strong">{status.name}</span>
    </span>
  );
}
