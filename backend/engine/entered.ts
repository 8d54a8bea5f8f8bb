import type { RecordSystem } from '../connectors/connector.ts';
import type { IntentRow } from '../store/intents.ts';
import type { LinkRow } from '../store/links.ts';
import type { Side } from '../sync/record.ts';
import { recordId } from './link-keys.ts';
import { findCommentByMark, sendOnce } from './once-only.ts';
import { type EngineContext, onSide } from './ports.ts';

/** Sends the comments that people wrote in the panel. Returns how many went out. */
export async function sendEntered(
  context: EngineContext,
  systems: Readonly<Record<Side, RecordSystem>>,
  link: LinkRow,
  intents: readonly IntentRow[],
): Promise<number> {
  let sentNow = 0;
  for (const intent of intents) {
    if (intent.kind !== 'comment' || intent.entered === null) continue;
    if (intent.state === 'done' || intent.state === 'abandoned') continue;
    const entered = intent.entered as { html: string; visibility: 'public' | 'internal' };
    const system = systems[intent.side];
    const id = recordId(link, intent.side);
    await onSide(intent.side, () =>
      sendOnce(
        context,
        link.tenant,
        {
          key: intent.key,
          kind: 'comment',
          link: String(link.id),
          side: intent.side,
          sourceId: intent.source_id,
          mark: intent.mark,
        },
        {
          lookFor: () => findCommentByMark(system, id, intent.mark),
          send: async () =>
            (
              await system.addComment(id, {
                body: { kind: 'rich', format: 'html', text: entered.html },
                visibility: entered.visibility,
                mark: intent.mark,
              })
            ).id,
        },
      ),
    );
    sentNow += 1;
  }
  return sentNow;
}
