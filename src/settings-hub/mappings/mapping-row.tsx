import { Toggle } from 'azure-devops-ui/Toggle';
import type { DragEventHandler } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { MappingSummary } from '../../../backend/contract/mappings.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { Icon } from '../../components/icon.tsx';
import { MenuButton } from '../../components/menu.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing } from '../../components/use-load.ts';
import { ask } from '../../host/page.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { download, mappingFileOf } from './mapping-file.ts';
import { tellDeed } from './mapping-filter.tsx';
import { settingsOf } from './settings-of.ts';

const w = words.mappings;

interface Drag {
  onDragStart: DragEventHandler;
  onDragOver: DragEventHandler;
  onDrop: DragEventHandler;
  onDragEnd: DragEventHandler;
}

/** One mapping: what it does in a sentence, whether it is used, and what can be done with it. */
export function MappingRow({
  mapping,
  connection,
  canMove,
  fixedBecause,
  isTarget,
  drag,
  onChange,
  onUp,
  onDown,
}: {
  mapping: MappingSummary;
  connection: Connection | undefined;
  canMove: boolean;
  /** Why it cannot be moved just now. */
  fixedBecause: string | undefined;
  isTarget: boolean;
  drag: Drag;
  onChange(): void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
}) {
  const { api, projectId, go, say, backendUrl } = useHub();
  const doing = useDoing();
  const { id, name, enabled, problems } = mapping;
  const isMovable = canMove && fixedBecause === undefined;
  const withReason = (label: string) => (fixedBecause === undefined ? label : `${label}: ${fixedBecause}`);
  const worst = problems.some(({ severity }) => severity === 'error') ? 'bad' : 'warn';
  const read = () => api.readMapping({ projectId, mappingId: id });
  const toggle = (next: boolean) =>
    doing.run(async () => {
      const stored = await read();
      const body = { baseVersion: stored.version, settings: { ...settingsOf(stored), enabled: next } };
      await api.updateMapping({ projectId, mappingId: id, body });
      say(next ? w.switchedOn : w.switchedOff);
      onChange();
    });
  const remove = () =>
    doing.run(async () => {
      const question = { title: w.deleteTitle(name), message: w.deleteBody(mapping.links), action: w.delete };
      if (!(await ask(question))) return;
      await api.deleteMapping({ projectId, mappingId: id, confirmLinks: mapping.links });
      onChange();
    });
  const exportFile = () =>
    doing.run(async () => download(mappingFileOf(settingsOf(await read()), connection, backendUrl)));
  return (
    <li draggable={isMovable} className={isTarget ? 'drop-target' : undefined} {...(isMovable ? drag : {})}>
      {canMove && (
        <span className={isMovable ? 'drag-handle' : 'drag-handle spent'} title={withReason(w.drag(name))}>
          <Icon iconName="MoreVertical" />
        </span>
      )}
      <div className="grow stack tight">
        <div className="row wrap">
          <h3>
            <button type="button" className="plain-link strong" onClick={() => go('mappings', id)}>
              {name}
            </button>
          </h3>
          {problems.length > 0 && <span className={worst}>{w.problems(problems.length)}</span>}
        </div>
        <span className="any-wrap">{mapping.sentence}</span>
        <span className="small-text quiet">
          {tellDeed(mapping)} · {connection?.name} · {w.links(mapping.links)} · {w.version(mapping.version)},{' '}
          <RelativeTime at={mapping.updatedAt} /> {words.byAt(mapping.updatedBy)}
        </span>
      </div>
      <div className="row wrap">
        <Toggle
          ariaLabel={w.on(name)}
          onText={words.enabled}
          offText={words.disabled}
          checked={enabled}
          disabled={doing.busy}
          onChange={(_event, next) => toggle(next)}
        />
        {canMove && (
          <>
            <IconAction
              label={withReason(words.moveUp)}
              icon="Up"
              disabled={!isMovable || !onUp}
              onClick={() => onUp?.()}
            />
            <IconAction
              label={withReason(words.moveDown)}
              icon="Down"
              disabled={!isMovable || !onDown}
              onClick={() => onDown?.()}
            />
          </>
        )}
        <Action label={words.edit} icon="Edit" onClick={() => go('mappings', id)} />
        <MenuButton
          label={w.more(name)}
          entries={[
            { label: w.exportFile, icon: 'Down', onSelect: exportFile },
            { label: w.delete, icon: 'Delete', onSelect: remove },
          ]}
        />
      </div>
      {doing.problem && <ProblemNotice problem={doing.problem} />}
    </li>
  );
}
