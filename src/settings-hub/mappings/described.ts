import type { ConnectionDescription } from '../../../backend/contract/connections.ts';

/** What both systems say of themselves, as far as it is known yet. */
export type Described = Record<'workItem' | 'ticket', { data: ConnectionDescription | undefined }>;

export const fieldOf = (described: Described, side: keyof Described, id: string) =>
  described[side].data?.fields.find((field) => field.id === id);
