import { randomPassword } from '../../security/random.ts';
import type { Session } from '../../security/session-token.ts';
import { recordAudit } from '../../store/audit.ts';
import { azureDevOps, noteSettings } from '../../store/connections.ts';
import type { Sql } from '../../store/pool.ts';
import { isFailure } from '../../sync/failure.ts';
import { endDayWords } from './credential-days.ts';
import type { Services } from './services.ts';

/** As long as an admin may take to enter the new one in the other system. */
const formerValidMs = 24 * 60 * 60_000;

/** Makes a new secret; the one before stays valid for a day. Returned once and never again. */
async function rotate(
  services: Services,
  sql: Sql,
  tenant: number,
  connection: { id: string; kind: string },
): Promise<{ secret: string; formerEnd: string | undefined }> {
  const { secrets, engine } = services;
  const secret = randomPassword();
  const name = services.hookSecretName(connection.kind);
  const formerEnd = (await secrets.states(sql, connection.id))[name]?.endsOn;
  await secrets.replace(sql, tenant, connection.id, name, {
    value: secret,
    formerValidUntil: new Date(engine.now().getTime() + formerValidMs),
  });
  await noteSettings(sql, tenant);
  return { secret, formerEnd };
}

export async function rotateHookSecret(
  services: Services,
  session: Session,
  connection: { id: string; kind: string; name: string },
): Promise<string> {
  const { tenant, user } = session;
  const secret = await services.engine.store.asTenant(tenant, async (sql) => {
    const made = await rotate(services, sql, tenant, connection);
    const name = services.hookSecretName(connection.kind);
    await recordAudit(sql, tenant, {
      by: user.name,
      action: 'connection.hookSecretRenewed',
      subject: connection.name,
      detail: made.formerEnd && endDayWords(name, made.formerEnd, undefined),
    });
    return made.secret;
  });
  if (connection.kind === azureDevOps) await renewRegistered(services, tenant);
  return secret;
}

/**
 * Gives the service hooks that are registered already the new password; they would be refused with 401 when the old
 * one ends. Where that is not possible (the right is missing, Azure DevOps is away) the former password keeps its
 * validity until the next renewal: hooks that die silently are worse than an old password that nobody was told.
 */
async function renewRegistered(services: Services, tenant: number): Promise<void> {
  const { engine, hooks, secrets } = services;
  const registered = await engine.store.asTenant(tenant, (sql) =>
    sql.rows<{ project: string }>(
      'select distinct project from subscription where subscription_id is not null order by project',
    ),
  );
  const left: string[] = [];
  for (const { project } of registered) {
    try {
      await hooks.repair(tenant, project, { everything: true });
    } catch (error) {
      if (!isFailure(error)) throw error;
      left.push(project);
      engine.log('hooks.password_not_renewed', { tenant, project, failure: error.kind });
    }
  }
  if (left.length === 0) return;
  await engine.store.asTenant(tenant, (sql) =>
    secrets.keepFormer(sql, tenant, azureDevOps, services.hookSecretName(azureDevOps)),
  );
}
