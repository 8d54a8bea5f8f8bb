import type { TracedBody, TracedRequest } from '../../../backend/contract/activity.ts';
import { words } from '../../text-settings.ts';
import { indentJson } from './indent-json.ts';

const w = words.activity;

/** The body in a form to be read; undefined when there is none to show. */
export const readable = (body: TracedBody | undefined): string | undefined =>
  body?.text === undefined ? undefined : indentJson(body.text);

/** What is not shown of a body, and why. */
export function leftOut(body: TracedBody): string | undefined {
  const { withheld, characters, bytes, text, contentType = w.unknownType } = body;
  if (withheld === 'credentials') return w.withheldCredentials;
  if (withheld === 'binary') return w.withheldBinary(contentType, bytes);
  if (withheld === 'room') return w.withheldRoom(characters ?? 0);
  if (characters === undefined || text === undefined) return undefined;
  return w.cut(text.length, characters);
}

/** The whole request as text, to send to somebody who can help. */
export function wholeText({ route, status, durationMs, failure, sent, answer }: TracedRequest): string {
  const part = (title: string, body: TracedBody | undefined) =>
    body ? [`${title}:`, readable(body), leftOut(body)] : [];
  const headers = Object.entries(answer?.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const lines = [
    [route, status, failure, w.ms(durationMs)].filter((one) => one !== undefined).join(' '),
    sent && `${sent.method} ${sent.path}`,
    ...part(w.sent, sent?.body),
    ...headers,
    ...part(w.answered, answer?.body),
  ];
  return lines.filter((line) => line !== undefined && line !== '').join('\n');
}
