import { Icon } from '../../components/icon.tsx';
import { words } from '../../text-settings.ts';

/** Opens the details of a row; screen readers hear of which and whether they are open. */
export function DetailsToggle({ open, of, onToggle }: { open: boolean; of: string; onToggle(): void }) {
  return (
    <button
      type="button"
      className="plain-link"
      aria-expanded={open}
      aria-label={`${words.details}: ${of}`}
      onClick={onToggle}
    >
      <Icon iconName={open ? 'ChevronDownMed' : 'ChevronRightMed'} size="small" />
      {words.details}
    </button>
  );
}
