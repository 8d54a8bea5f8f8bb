import { RadioInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { Attempts } from './attempts.tsx';
import { Deliveries } from './deliveries.tsx';
import { ParkedList } from './parked-list.tsx';
import { TroubledLinks } from './troubled-links.tsx';
import './activity.css';

const lists = {
  parked: ParkedList,
  troubled: TroubledLinks,
  attempts: Attempts,
  deliveries: Deliveries,
} as const;
type ListId = keyof typeof lists;

/** Every delivery, decision and failure, to explain and to replay. */
export function ActivityTab() {
  const { place, go } = useHub();
  const shown: ListId = place[1] && place[1] in lists ? (place[1] as ListId) : 'parked';
  const List = lists[shown];
  return (
    <div className="stack" style={{ gap: 16 }}>
      <div className="activity-choice">
        <RadioInput
          label={words.tabs.activity}
          value={shown}
          choices={(Object.keys(lists) as ListId[]).map((id) => ({ id, name: words.activity[id] }))}
          onChange={(id) => go('activity', id)}
        />
      </div>
      <List />
    </div>
  );
}
