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
/** Between the list and the frame's edge. */
const edgePx = 2;

/** A menu button. The list lies above scrollers and stays inside the frame, which cuts off what stands out of it. */
export function MenuButton({ label, entries }: { label: string; entries: MenuEntry[] }) {
  const root = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ top: number; right: number; maxHeight: number }>();

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
    if (place || !box) return setPlace(undefined);
    const roomPx = document.documentElement.clientHeight - 2 * edgePx;
    const listPx = Math.min(heightPx(entries.length), roomPx);
    const lowestPx = edgePx + roomPx - listPx;
    setPlace({
      top: Math.max(edgePx, Math.min(box.bottom, lowestPx)),
      right: document.documentElement.clientWidth - box.right,
      maxHeight: roomPx,
    });
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
        <div className="menu-list" role="menu" aria-label={label} style={place}>
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
