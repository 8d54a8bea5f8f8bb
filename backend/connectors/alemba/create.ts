import { Failure, isFailure } from '../../sync/failure.ts';
import { writeMark } from '../../sync/mark.ts';
import type { RecordRef } from '../../sync/record.ts';
import type { CreateInput, WriteResult } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { changesOf, readObserved, toBody, type WriteBody } from './fields.ts';
import { equals } from './filter.ts';
import { planSteps, type Step, takeStep } from './transitions.ts';
import { orderOf, recordRef, refOfRow, revisionOf } from './translate.ts';

/**
 * Creating takes two requests, and until the second one (submit) nobody but the creator sees the call. The mark is in
 * the first one, so a call that was left between the two is found by it and finished instead of created again.
 */
export interface Creator {
  /** Throws ambiguous when it is not known whether the call exists: then `findByMark` tells. */
  create(input: CreateInput): Promise<WriteResult>;
  /** Submits what it finds unsubmitted. A draft whose submit is refused is not returned: `create` goes on with it. */
  findByMark(mark: string): Promise<readonly RecordRef[]>;
}

const maxMarked = 20;
/** Drafts that wait for better values; more of them would be a broken mapping. */
const maxDrafts = 500;

export function createCreator(alemba: Alemba): Creator {
  const { client, settings, context } = alemba;
  const drafts = new Map<string, string>();

  const submit = async (id: string): Promise<Row> => {
    try {
      return await client.put('call.submit', `/call/${id}/submit`, undefined, { repeat: 'unsafe' });
    } catch (error) {
      // Created, but not known to be submitted: the mark leads back here.
      if (!isFailure(error) || error.kind !== 'unavailable') throw error;
      throw new Failure({
        kind: 'ambiguous',
        message: `Call ${id} was created, its submit broke off: ${error.message}`,
      });
    }
  };

  const keepDraft = (mark: string, id: string) => {
    if (drafts.size >= maxDrafts) drafts.clear();
    drafts.set(mark, id);
  };

  const openDraft = async (input: CreateInput, body: WriteBody): Promise<{ id: string; answer: Row }> => {
    const known = drafts.get(input.mark);
    if (known === undefined) {
      const answer = await client.post('call.create', '/call', createBody(alemba, input, body), {
        repeat: 'unsafe',
      });
      return { id: createdRef(answer), answer };
    }
    // A draft belongs to its creator alone and needs no lock.
    const answer = await client.put('call.update', `/call/${known}`, body.properties, { repeat: 'safe' });
    return { id: known, answer };
  };

  return {
    async create(input) {
      const body = await toBody(alemba, changesOf(input.fields));
      const target = body.status === undefined ? undefined : await alemba.statuses.find(body.status);
      const isPlain = target?.action === 'field';
      if (isPlain) body.properties.CallStatus = Number(target.id);
      const { id, answer } = await openDraft(input, body);
      const submitted = await submit(id).catch((error: unknown) => {
        if (isFailure(error) && error.kind === 'rejected') keepDraft(input.mark, id);
        throw error;
      });
      drafts.delete(input.mark);
      const rest = planSteps(alemba, { ...body, properties: {} }, isPlain ? undefined : target, false);
      const answers = [answer, submitted];
      const refused = [...body.refused, ...(await takeRest(alemba, id, rest, answers))];
      const reached = answers.map(revisionOf).findLast((revision) => revision !== undefined);
      return {
        ref: recordRef(id, settings, createBody(alemba, input, body)),
        // Until the submit nobody else could write, so all entries up to here are known.
        ...(reached !== undefined && { revision: reached, bookmark: String(orderOf(reached)) }),
        observed: readObserved(answers, body.kinds),
        ...(refused.length > 0 && { refused }),
      };
    },

    async findByMark(mark) {
      const written = writeMark(mark);
      const field = settings.correlationField;
      const rows = await client.search('call.findByMark', '/call', {
        $select: `Ref,Type,Partition,${field}`,
        $filter: equals(field, written),
        $top: maxMarked,
      });
      // Databases compare without regard to case, and a wrong hit would link strangers.
      const exact = rows.filter((row) => row[field] === written);
      const waiting: Row[] = [];
      const found: RecordRef[] = [];
      for (const row of exact) {
        if (await isDraft(row)) waiting.push(row);
        else found.push(recordRef(refOfRow(row), settings, row));
      }
      // A draft beside a finished call was given up after a refusal; submitting it would make a second call.
      if (found.length > 0) return found;
      for (const row of waiting) {
        if (await finish(refOfRow(row), mark)) return [recordRef(refOfRow(row), settings, row)];
      }
      return [];
    },
  };

  /** Only a call that is not submitted offers it; results of a search need not list their actions. */
  async function isDraft(row: Row): Promise<boolean> {
    const answer = row._actions === undefined ? await readActions(refOfRow(row)) : row;
    const actions = answer._actions;
    return typeof actions === 'object' && actions !== null && 'Submit' in actions;
  }

  function readActions(id: string): Promise<Row> {
    return client.get('call.actions', `/call/${id}`, { $select: 'Ref' });
  }

  /** False when the submit was refused for what the draft holds. */
  async function finish(id: string, mark: string): Promise<boolean> {
    try {
      await submit(id);
      return true;
    } catch (error) {
      if (!isFailure(error) || error.kind !== 'rejected') throw error;
      context.log('alemba.draft_kept', { call: id, reason: error.message });
      keepDraft(mark, id);
      return false;
    }
  }
}

/** The record exists whatever becomes of these, so a refusal is told and not thrown. */
async function takeRest(
  alemba: Alemba,
  id: string,
  steps: readonly Step[],
  answers: Row[],
): Promise<{ field: string; problem: string }[]> {
  const refused: { field: string; problem: string }[] = [];
  for (const step of steps) {
    try {
      answers.push(await takeStep(alemba, id, step));
    } catch (error) {
      if (!isFailure(error)) throw error;
      const named = error.details.fields ?? [];
      const names = Object.keys(step.body).filter((name) => !name.startsWith('$'));
      refused.push(...(named.length > 0 ? named : names.map((field) => ({ field, problem: error.message }))));
    }
  }
  return refused;
}

/** The call exists once the answer is there; one that does not tell its number leaves the outcome open. */
function createdRef(answer: Row): string {
  try {
    return refOfRow(answer);
  } catch (cause) {
    const message = 'The answer to the create does not tell the number of the call';
    throw new Failure({ kind: 'ambiguous', message }, { cause });
  }
}

function createBody({ settings }: Alemba, input: CreateInput, body: WriteBody): Record<string, unknown> {
  const template = input.template ?? settings.callTemplate;
  const number = (text: string | undefined) => (text === undefined || text === '' ? undefined : Number(text));
  const defaults = {
    // With a template the two are read-only, without one they are required (Programmers' Guide, create).
    ...(template === ''
      ? { IpkStatus: number(settings.callIpkStatus), IpkStream: number(settings.callIpkStream) }
      : { Template: number(template) }),
    Type: number(input.type ?? (template === '' ? settings.callType : undefined)),
    Partition: number(input.project ?? settings.partition),
  };
  const backlink =
    settings.backlinkField !== '' && input.counterpart !== undefined
      ? { [settings.backlinkField]: input.counterpart.url }
      : {};
  return Object.fromEntries(
    Object.entries({
      ...defaults,
      ...backlink,
      ...body.properties,
      [settings.correlationField]: writeMark(input.mark),
    }).filter(([, value]) => value !== undefined),
  );
}
