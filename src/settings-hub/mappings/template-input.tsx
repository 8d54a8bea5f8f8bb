import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { words } from '../../text-settings.ts';
import type { Descriptions } from './descriptions.ts';
import { type Completion, completionsAt } from './template-completion.ts';

const w = words.fields;

/** A Liquid template. After `{{` what can stand there is offered; arrows choose, Enter or Tab takes it, Escape closes. */
export function TemplateInput({
  value,
  descriptions,
  onChange,
}: {
  value: string;
  descriptions: Descriptions;
  onChange(value: string): void;
}) {
  const id = useId();
  const input = useRef<HTMLTextAreaElement>(null);
  const [offered, setOffered] = useState<{ from: number; list: Completion[]; at: number }>();

  const offer = () => {
    const box = input.current;
    if (!box) return;
    const found = completionsAt(box.value, box.selectionStart, descriptions);
    setOffered(found && found.list.length > 0 ? { ...found, at: 0 } : undefined);
  };
  const take = (completion: Completion) => {
    const box = input.current;
    if (!box || !offered) return;
    const after = box.value.slice(box.selectionStart).replace(/^\s*\}\}/, '');
    const before = `${box.value.slice(0, offered.from)}${completion.insert} }}`;
    onChange(before + after);
    setOffered(undefined);
    // The caret goes behind what was inserted once React has written the value.
    requestAnimationFrame(() => {
      box.focus();
      box.setSelectionRange(before.length, before.length);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!offered) return;
    const { list, at } = offered;
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 + list.length };
    const step = steps[event.key];
    const chosen = list[at];
    if (step !== undefined) setOffered({ ...offered, at: step % list.length });
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) take(chosen);
    else if (event.key === 'Escape') setOffered(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const optionId = (at: number) => `${id}-option-${at}`;
  return (
    <div className="field completion">
      <label htmlFor={id}>{w.template}</label>
      <textarea
        id={id}
        ref={input}
        className="input code"
        rows={4}
        maxLength={20_000}
        spellCheck={false}
        value={value}
        role="combobox"
        aria-expanded={offered !== undefined}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={offered ? optionId(offered.at) : undefined}
        aria-describedby={`${id}-help`}
        onChange={(event) => {
          onChange(event.target.value);
          offer();
        }}
        onClick={offer}
        onKeyDown={onKeyDown}
        onBlur={() => setOffered(undefined)}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={w.insert}
        className={offered ? 'completion-list' : undefined}
      >
        {offered?.list.map((completion, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the text area, which keeps the focus.
          <div
            key={completion.insert}
            id={optionId(at)}
            role="option"
            tabIndex={-1}
            aria-selected={at === offered.at}
            className="completion-option"
            // The text area must not lose its caret before the click is counted.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(completion)}
          >
            <span>{completion.name}</span> <span className="small-text quiet">{completion.insert}</span>
          </div>
        ))}
      </div>
      <div id={`${id}-help`} className="small-text quiet">
        {w.templateHelp}
      </div>
    </div>
  );
}
