import { planAttachments } from './attachments.ts';
import { planComments } from './comments.ts';
import { emptyPlan, finishDraft, startDraft } from './draft.ts';
import { planMissing, planRestored, presenceOf } from './missing.ts';
import { planFields } from './plan-fields.ts';
import type { Plan, PlanInput } from './plan-input.ts';
import { planResponse } from './plan-response.ts';
import { planState } from './plan-state.ts';
import { otherSide } from './record.ts';
import { sides } from './row-keys.ts';

/**
 * What has to be written so that the two records agree. Pure: the same input gives the same plan. Never deletes
 * anything, never writes what it does not know, and is empty when both sides are at their base.
 *
 * Commands come in the order in which they are to be carried out. They may be carried out partly or not at all: the
 * next plan over fresh readings asks for the rest.
 */
export function plan(input: PlanInput): Plan {
  const presence = { workItem: presenceOf(input.workItem), ticket: presenceOf(input.ticket) };
  const { workItem, ticket } = presence;
  if (workItem.state === 'missing' || ticket.state === 'missing') return planMissing(input, presence);
  // With one side unread there is nothing to compare.
  if (workItem.state === 'unknown' || ticket.state === 'unknown') return emptyPlan;

  const restored = sides.filter((side) => input.link.base?.[side].missing);
  if (restored.length > 0 && input.mapping.onRestored === 'ignore') return emptyPlan;
  const snapshot = { workItem: workItem.snapshot, ticket: ticket.snapshot };
  const draft = startDraft(input, snapshot);
  for (const side of restored) {
    const { commands, notes } = planRestored(input, side, snapshot[otherSide(side)]);
    draft.later.push(...commands);
    draft.notes.push(...notes);
  }
  planState(draft);
  planFields(draft);
  planResponse(draft);
  planComments(draft);
  planAttachments(draft);
  return finishDraft(draft);
}
