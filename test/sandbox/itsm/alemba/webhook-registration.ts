import { badRequest } from './errors.ts';
import { type Trigger, triggers } from './model.ts';

/** Registration fields of docs.alemba.com, "Webhooks", plus where the secret travels, which is not documented. */
export interface WebhookRegistration {
  Ref: number;
  PayloadUrl: string;
  Active: boolean;
  EntityType: string;
  /** None listed means every trigger. */
  Triggers: Trigger[];
  PayloadSelect: string;
  PayloadFilter: string;
  Secret: string | null;
  SecretLocation: 'header' | 'body';
  /** Attachments travel along when they fit; `null` sends none. */
  Attachments: { NameRegex: string; MaxKilobytes: number; MaxCount: number } | null;
}

/** @throws AlembaError 400 for an address or a trigger that cannot be. */
export function readRegistration(body: Record<string, unknown>, ref: number): WebhookRegistration {
  const url =
    typeof body.PayloadUrl === 'string' && URL.canParse(body.PayloadUrl) ? new URL(body.PayloadUrl) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw badRequest('PayloadUrl must be an http(s) address');
  const named = [body.Triggers, body.Events, body.IndividualTriggers].flatMap((list) =>
    typeof list === 'string' ? list.split(',').map((name) => name.trim()) : Array.isArray(list) ? list : [],
  );
  const wanted = named.filter((name) => name !== '' && name !== '*');
  const unknown = wanted.find((name) => !triggers.includes(name));
  if (unknown !== undefined) throw badRequest(`Unknown trigger '${String(unknown)}'`);
  const attachments = body.Attachments as
    | Partial<NonNullable<WebhookRegistration['Attachments']>>
    | null
    | undefined;
  return {
    Ref: ref,
    PayloadUrl: url.href,
    Active: body.Active !== false,
    EntityType: typeof body.EntityType === 'string' ? body.EntityType : 'Call',
    Triggers: [...new Set(wanted)],
    PayloadSelect:
      typeof body.PayloadSelect === 'string' && body.PayloadSelect !== ''
        ? body.PayloadSelect
        : 'Ref,CallStatus,LastActionDate',
    PayloadFilter: typeof body.PayloadFilter === 'string' ? body.PayloadFilter : '',
    Secret: typeof body.Secret === 'string' ? body.Secret : null,
    SecretLocation: body.SecretLocation === 'body' ? 'body' : 'header',
    Attachments:
      attachments == null
        ? null
        : {
            NameRegex: attachments.NameRegex ?? '',
            MaxKilobytes: attachments.MaxKilobytes ?? 1024,
            MaxCount: attachments.MaxCount ?? 10,
          },
  };
}
