import { z } from 'zod';

/**
 * The day on which a credential ends, as its vendor's page shows it ("2027-03-03"). The clock time is rarely shown, so
 * days are counted by the calendar of UTC for everybody: an admin in Auckland and one in Lima read the same number.
 */
export const endDay = z.iso.date();

/** The end of a credential as far as an admin entered it. Where it is absent it is not known; it may well have one. */
export const credentialEnd = z.object({
  on: endDay,
  /** 0 on the day itself, on which the credential still counts as good; negative afterwards. */
  daysLeft: z.number().int(),
  standing: z.enum(['valid', 'ending', 'ended']),
});

/** From so many days before the end people are told. */
export const warningDays = 14;

const dayMs = 86_400_000;

/** Whole days until the day begins. */
export const daysUntil = (day: string, nowMs: number): number =>
  Date.parse(`${day}T00:00:00Z`) / dayMs - Math.floor(nowMs / dayMs);

export function credentialEndOf(day: string, nowMs: number): CredentialEnd {
  const daysLeft = daysUntil(day, nowMs);
  const standing = daysLeft < 0 ? 'ended' : daysLeft <= warningDays ? 'ending' : 'valid';
  return { on: day, daysLeft, standing };
}

export type CredentialEnd = z.infer<typeof credentialEnd>;
