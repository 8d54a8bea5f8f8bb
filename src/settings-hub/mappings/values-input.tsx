import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { Choice } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { offeredValues, toggled } from './chosen-values.ts';

const w = words.when;

/**
 * Several values of a field. One stop for the Tab key however many there are: arrows go through the list, a letter goes to
 * the next value that begins with it, Space or Enter puts it to those chosen or takes it away.
 */
export function ValuesInput({
  values,
  choices,
  onChange,
}: {
  values: readonly string[];
  choices: readonly Choice[];
  onChange(values: string[]): void;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [wantedAt, setWantedAt] = useState(0);
  const offered = offeredValues(values, choices);
  // A value that is not offered goes from the list with its choice.
  const at = Math.min(wantedAt, offered.length - 1);
  const optionId = (index: number) => `${id}-option-${index}`;
  const chosen = offered.filter((one) => one.chosen).map(({ name }) => name);

  useEffect(() => {
    if (document.activeElement !== list.current) return;
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const toggle = (index: number) => {
    const one = offered[index];
    setWantedAt(index);
    if (one) onChange(toggled(values, one));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = offered.length - 1;
    const steps: Record<string, number> = {
      ArrowDown: Math.min(at + 1, last),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    const step = steps[event.key] ?? letterAt(offered, at, event.key);
    if (event.key === ' ' || event.key === 'Enter') toggle(at);
    else if (step !== undefined) setWantedAt(step);
    else return;
    event.preventDefault();
  };
  return (
    <div className="values-input">
      <div
        ref={list}
        role="listbox"
        tabIndex={0}
        className="input values-list"
        aria-label={w.value}
        aria-multiselectable
        aria-activedescendant={optionId(at)}
        aria-describedby={`${id}-chosen`}
        onKeyDown={onKeyDown}
      >
        {offered.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the list, which keeps the focus.
          <div
            key={one.id}
            id={optionId(index)}
            role="option"
            tabIndex={-1}
            aria-selected={one.chosen}
            className={`values-option${index === at ? ' here' : ''}`}
            onMouseDown={(event) => {
              event.preventDefault();
              list.current?.focus();
            }}
            onClick={() => toggle(index)}
          >
            <span className="values-mark">{one.chosen && <Icon iconName="CheckMark" />}</span>
            <span className="any-wrap">{one.unknown ? text.noLongerOffered(one.name) : one.name}</span>
          </div>
        ))}
      </div>
      <span id={`${id}-chosen`} className="small-text quiet any-wrap">
        {w.chosen(chosen)}
      </span>
    </div>
  );
}

/** Where the next value begins with the letter, round the list. */
function letterAt(offered: readonly Choice[], at: number, key: string): number | undefined {
  if (key.length !== 1 || key === ' ') return undefined;
  const order = offered.map((_, index) => (at + 1 + index) % offered.length);
  return order.find((index) => offered[index]?.name.toLowerCase().startsWith(key.toLowerCase()));
}
