import type { HookRequest } from '../connectors/connector.ts';
import { matchesSecret } from '../connectors/hook-secret.ts';
import { hookUsername, readBasicCredential } from '../security/hook-credential.ts';

/** Service hooks of Azure DevOps prove themselves by basic authentication: our name with one of the passwords. */
export const verifyServiceHook = (hook: HookRequest, passwords: readonly string[]): boolean => {
  const credential = readBasicCredential(hook.headers.authorization);
  return credential?.username === hookUsername && matchesSecret(credential.password, passwords);
};
