import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An operating system account that runs the server. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

// PostgreSQL refuses to run as root. `nobody` exists on every Linux, so that no account has to be created.
const candidates = ['postgres', 'nobody'];

/**
 * The account that must run the server, or null for "the one we run as".
 * Only root switches: to the owner of an existing cluster (it may have been made by an ordinary user before), else to
 * `postgres`, else to `nobody`.
 */
export async function chooseAccount(existingOwner?: { uid: number; gid: number }): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const accounts = parseAccounts(await readFile('/etc/passwd', 'utf8'));
  if (existingOwner && existingOwner.uid !== 0) {
    const known = accounts.find((account) => account.uid === existingOwner.uid);
    return {
      name: known?.name ?? `uid ${existingOwner.uid}`,
      uid: existingOwner.uid,
      gid: existingOwner.gid,
    };
  }
  for (const name of candidates) {
    const account = accounts.find((one) => one.name === name && one.uid !== 0);
    if (account) return account;
  }
  return { name: 'uid 65534', uid: 65534, gid: 65534 };
}

function parseAccounts(passwd: string): Account[] {
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

const traverse = 0o1;
const read = 0o4;

/** Whether `account` can enter `directory` and every directory above it, judged by the mode bits. */
export async function canTraverse(directory: string, account: Account): Promise<boolean> {
  for (let path = directory; ; path = dirname(path)) {
    if (!(await allows(path, account, traverse))) return false;
    if (path === dirname(path)) return true;
  }
}

/** Whether `account` can read `file`, directories above it included. */
export async function canRead(file: string, account: Account): Promise<boolean> {
  return (await allows(file, account, read)) && (await canTraverse(dirname(file), account));
}

// Supplementary groups are left out on purpose: Node.js drops them when it starts a child under another uid.
async function allows(path: string, account: Account, bit: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  if (uid === account.uid) return (mode & (bit << 6)) !== 0;
  if (gid === account.gid) return (mode & (bit << 3)) !== 0;
  return (mode & bit) !== 0;
}
