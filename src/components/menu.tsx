import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { IconAction } from './action.tsx';
import { Icon } from './icon.tsx';

export interface MenuEntry {
  label: string;
  icon: string;
  onSelect(): void;
  disabled?: boolean;
}

/** Room that a list of entries needs, with its padding: 32 px each. */
const heightPx = (entries: number) => entries * 32 + 10;

/** A menu button. The list opens upwards where the frame would cut it off below. */
export function MenuButton({ label, entries }: { label: string; entries: MenuEntry[] }) {
  const root = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<'below' | 'above'>();

  useEffect(() => {
    if (!place) return;
    root.current?.querySelector<HTMLButtonElement>('.menu-entry:not(:disabled)')?.focus();
    const closeOutside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setPlace(undefined);
    };
    document.addEventListener('pointerdown', closeOutside);
    document.addEventListener('focusin', closeOutside);
    return () => {
      document.removeEventListener('pointerdown', closeOutside);
      document.removeEventListener('focusin', closeOutside);
    };
  }, [place]);

  const toggle = () => {
    const box = root.current?.getBoundingClientRect();
    const roomBelowPx = window.innerHeight - (box?.bottom ?? 0);
    const above = roomBelowPx < heightPx(entries.length) && (box?.top ?? 0) > roomBelowPx;
    setPlace(place ? undefined : above ? 'above' : 'below');
  };
  const close = () => {
    setPlace(undefined);
    root.current?.querySelector('button')?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!place) return;
    if (event.key === 'Escape') close();
    else if (!moveFocus(root.current, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys reach it from the buttons inside.
    <div className="menu" ref={root} onKeyDown={onKeyDown}>
      <IconAction label={label} icon="More" onClick={toggle} />
      {place && (
        <div className={`menu-list ${place}`} role="menu" aria-label={label}>
          {entries.map((entry) => (
            <button
              type="button"
              role="menuitem"
              className="menu-entry"
              key={entry.label}
              disabled={entry.disabled}
              onClick={() => {
                close();
                entry.onSelect();
              }}
            >
              <Icon iconName={entry.icon} />
              {entry.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function moveFocus(root: HTMLElement | null, key: string): boolean {
  const entries = [...(root?.querySelectorAll<HTMLButtonElement>('.menu-entry:not(:disabled)') ?? [])];
  const here = entries.indexOf(document.activeElement as HTMLButtonElement);
  const steps: Record<string, number> = {
    ArrowDown: here + 1,
    ArrowUp: here - 1 + entries.length,
    Home: 0,
    End: entries.length - 1,
  };
  const next = steps[key];
  if (next === undefined || entries.length === 0) return false;
  entries[next % entries.length]?.focus();
  return true;
}
