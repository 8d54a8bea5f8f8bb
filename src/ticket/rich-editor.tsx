import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { Action } from '../components/action.tsx';
import { Field } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { text } from '../text.ts';
import { fragmentOf, linkAddress, markupOf } from './rich-markup.ts';
import './rich-editor.css';

const w = text.editor;

interface Format {
  command: 'bold' | 'italic' | 'insertUnorderedList' | 'insertOrderedList';
  label: string;
  icon: string;
  /** With Ctrl or Cmd; what browsers do not know by themselves. */
  code?: string;
}

const formats: Format[] = [
  { command: 'bold', label: w.bold, icon: 'Bold' },
  { command: 'italic', label: w.italic, icon: 'Italic' },
  { command: 'insertUnorderedList', label: w.bullets, icon: 'BulletList', code: 'Digit8' },
  { command: 'insertOrderedList', label: w.numbers, icon: 'NumberList', code: 'Digit7' },
];

/**
 * The browser's own editing, which every browser has and nothing has replaced; an editor from a library would be larger
 * than the panel. What comes in by paste or drop, and what goes out, passes the allow-list of `rich-text.tsx`.
 */
const edit = (command: string, value?: string) => document.execCommand(command, false, value);

interface RichEditorProps {
  label: string;
  /** Markup or plain text. */
  value: string;
  onChange(markup: string): void;
  help?: ReactNode;
  problem?: string | undefined;
  required?: boolean | undefined;
  disabled?: boolean | undefined;
}

/** A field for text with bold, italic, lists and links. It shows what will be sent. */
export function RichEditor({ label, value, onChange, help, problem, required, disabled }: RichEditorProps) {
  const area = useRef<HTMLDivElement>(null);
  const own = useRef<string>(undefined);
  const [pressed, setPressed] = useState<ReadonlySet<string>>(new Set());
  const [linking, setLinking] = useState<Range>();

  useLayoutEffect(() => {
    if (value === own.current) return;
    own.current = value;
    area.current?.replaceChildren(fragmentOf(value));
  }, [value]);
  useEffect(() => {
    const look = () => {
      if (document.activeElement !== area.current) return;
      setPressed(
        new Set(
          formats.map(({ command }) => command).filter((command) => document.queryCommandState(command)),
        ),
      );
    };
    document.addEventListener('selectionchange', look);
    return () => document.removeEventListener('selectionchange', look);
  }, []);

  const tell = () => {
    if (!area.current) return;
    own.current = markupOf(area.current);
    onChange(own.current);
  };
  const take = (from: DataTransfer) => {
    const markup = from.getData('text/html');
    if (markup) edit('insertHTML', markupOf(markup));
    else edit('insertText', from.getData('text/plain'));
  };
  const startLink = () => {
    const selection = getSelection();
    const range = selection?.rangeCount ? selection.getRangeAt(0) : undefined;
    if (range && area.current?.contains(range.commonAncestorContainer)) return setLinking(range.cloneRange());
    const end = document.createRange();
    if (area.current) end.selectNodeContents(area.current);
    end.collapse(false);
    setLinking(end);
  };
  const link = (address: string | undefined) => {
    if (!linking) return;
    area.current?.focus();
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(linking);
    setLinking(undefined);
    if (!address) return;
    if (linking.collapsed) {
      const holder = document.createElement('a');
      holder.href = address;
      holder.textContent = address;
      edit('insertHTML', holder.outerHTML);
    } else edit('createLink', address);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const format = event.shiftKey ? formats.find(({ code }) => code === event.code) : undefined;
    if (format) edit(format.command);
    else if (event.code === 'KeyK') startLink();
    else return;
    event.preventDefault();
  };

  return (
    <Field label={label} help={help} problem={problem} required={required}>
      {(wiring) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: it only hears that the focus has left the editor.
        <div
          className="rich-editor"
          onBlur={({ relatedTarget, currentTarget }) => {
            // Whoever leaves sees what is sent; a caret that waits in the text for a link must not be lost.
            if (linking || currentTarget.contains(relatedTarget)) return;
            area.current?.replaceChildren(fragmentOf(own.current ?? ''));
          }}
        >
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend, which the label above is. */}
          <div className="row rich-tools" role="group" aria-label={w.tools(label)}>
            {formats.map(({ command, label: name, icon }) => (
              <Tool
                key={command}
                {...{ name, icon, disabled }}
                isPressed={pressed.has(command)}
                onPress={() => {
                  area.current?.focus();
                  edit(command);
                }}
              />
            ))}
            <Tool
              name={w.link}
              icon="Link"
              {...{ disabled }}
              isPressed={Boolean(linking)}
              onPress={startLink}
            />
          </div>
          {linking && <LinkRow onDone={link} />}
          {/* biome-ignore lint/a11y/useSemanticElements: a text area holds no formatting. */}
          <div
            {...wiring}
            ref={area}
            className="input rich-area rich-text any-wrap"
            role="textbox"
            tabIndex={0}
            aria-multiline="true"
            aria-label={label}
            aria-disabled={disabled || undefined}
            contentEditable={!disabled}
            suppressContentEditableWarning
            onFocus={() => edit('defaultParagraphSeparator', 'p')}
            onInput={tell}
            onKeyDown={onKeyDown}
            onPaste={(event: ClipboardEvent) => {
              event.preventDefault();
              take(event.clipboardData);
            }}
            onDrop={(event: DragEvent) => {
              event.preventDefault();
              area.current?.focus();
              take(event.dataTransfer);
            }}
          />
        </div>
      )}
    </Field>
  );
}

function Tool({
  name,
  icon,
  isPressed,
  disabled,
  onPress,
}: {
  name: string;
  icon: string;
  isPressed: boolean;
  disabled?: boolean | undefined;
  onPress(): void;
}) {
  return (
    <button
      type="button"
      className="rich-tool"
      title={name}
      aria-label={name}
      aria-pressed={isPressed}
      disabled={disabled}
      // The text must not lose its selection before the press is counted.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPress}
    >
      <Icon iconName={icon} />
    </button>
  );
}

/** Asks for the address in the page: browsers show frames of another origin no prompt. */
function LinkRow({ onDone }: { onDone(address: string | undefined): void }) {
  const [typed, setTyped] = useState('');
  const [isRefused, setRefused] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const apply = () => {
    const address = linkAddress(typed);
    if (address) onDone(address);
    else setRefused(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') apply();
    else if (event.key === 'Escape') onDone(undefined);
    else return;
    // Enter would send the whole form.
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="stack tight rich-link">
      <div className="row">
        <input
          ref={field}
          className="input"
          type="url"
          aria-label={w.address}
          aria-invalid={isRefused || undefined}
          placeholder="https://"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <Action label={w.apply} onClick={apply} />
        <Action label={text.cancel} subtle onClick={() => onDone(undefined)} />
      </div>
      {isRefused && (
        <span className="small-text bad" role="alert">
          {w.noAddress}
        </span>
      )}
    </div>
  );
}
