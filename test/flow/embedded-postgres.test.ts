import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { chooseAccount } from '../../backend/store/embedded/account.ts';
import { createLibraryLinks, findBinaries, locatePackage } from '../../backend/store/embedded/binaries.ts';
import {
  connectionUrl,
  type EmbeddedStore,
  openEmbedded,
  superviseEmbedded,
} from '../../backend/store/embedded/index.ts';
import { identifyHolder } from '../../backend/store/embedded/postmaster.ts';

const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const embeddedModule = join(__dirname, '../../backend/store/embedded/index.ts');

let base: string;
const opened: EmbeddedStore[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tandem-embedded-'));
  chmodSync(base, 0o711); // mkdtemp makes 0700, which is a case of its own when root runs the tests
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const store of opened.splice(0)) {
    await store.stop();
    if (!store.storeDir.startsWith(base)) rmSync(dirname(store.storeDir), { recursive: true, force: true });
    rmSync(store.connection.host, { recursive: true, force: true });
  }
  rmSync(base, { recursive: true, force: true });
});

async function open(
  dataDir: string,
  more: Partial<Parameters<typeof openEmbedded>[0]> = {},
): Promise<EmbeddedStore> {
  const store = await openEmbedded({ dataDir, ...more });
  opened.push(store);
  return store;
}

async function ask<Row extends pg.QueryResultRow>(store: EmbeddedStore, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: connectionUrl(store.connection) });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 15_000,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Opens the store in a Node.js of its own that then stays; resolves to its first line of output. */
async function openInChild(
  dataDir: string,
  uid?: number,
): Promise<{ child: ChildProcess; pid: number; attached: boolean }> {
  const script = `const { openEmbedded } = await import(${JSON.stringify(embeddedModule)});
    const store = await openEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(JSON.stringify({ pid: store.pid, attached: store.attached }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.push(child);
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  await until(() => output.includes('\n') || child.exitCode !== null, `child opens the store: ${errors}`);
  if (!output.includes('\n')) throw new Error(errors);
  return { child, ...(JSON.parse(output) as { pid: number; attached: boolean }) };
}

function uidOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe('start and stop', () => {
  test('first start makes a durable, password protected, socket only server; the next start is warm', async () => {
    const first = await open(join(base, 'data'));
    expect(first.attached).toBe(false);
    const [settings] = await ask<Record<string, string>>(
      first,
      `select current_setting('fsync') as fsync, current_setting('listen_addresses') as listen,
        current_setting('password_encryption') as encryption, current_setting('logging_collector') as collector`,
    );
    expect(settings).toEqual({ fsync: 'on', listen: '', encryption: 'scram-sha-256', collector: 'on' });
    expect(statSync(join(first.storeDir, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(first.connection.host).mode & 0o777).toBe(0o700);
    expect(join(first.connection.host, '.s.PGSQL.5432').length).toBeLessThan(100);
    await expect(
      ask({ ...first, connection: { ...first.connection, password: 'wrong' } }, 'select 1'),
    ).rejects.toThrow('password authentication failed');
    await ask(first, 'create table kept as select 42 as answer');
    await first.stop();
    expect(existsSync(join(first.storeDir, 'data', 'postmaster.pid'))).toBe(false);

    const second = await open(join(base, 'data'));
    expect(second.attached).toBe(false);
    expect(second.pid).not.toBe(first.pid);
    expect(await ask(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(readdirSync(second.storeDir).sort()).toEqual(['data', 'password', 'port']);
  });

  test('keeps our environment from the server, because it may hold secrets', async () => {
    process.env.TANDEM_TEST_SECRET = 'do-not-leak';
    const store = await open(join(base, 'data'));
    delete process.env.TANDEM_TEST_SECRET;
    expect(readFileSync(`/proc/${store.pid}/environ`, 'utf8')).not.toContain('do-not-leak');
  });

  test('several starts at once end with one server', async () => {
    const dataDir = join(base, 'data');
    const [a, b, c, ...inChildren] = await Promise.all([
      open(dataDir),
      open(dataDir),
      open(dataDir),
      openInChild(dataDir),
      openInChild(dataDir),
    ]);
    const all = [a, b, c, ...inChildren];
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    expect(all.filter(({ attached }) => !attached)).toHaveLength(1);
    expect(readdirSync(dataDir)).toEqual(['postgres']);
  });
});

describe('after a crash', () => {
  test('attaches to the server that a killed Node.js left behind', async () => {
    const dataDir = join(base, 'data');
    const former = await openInChild(dataDir);
    expect(former.attached).toBe(false);
    former.child.kill('SIGKILL');
    await until(() => former.child.signalCode === 'SIGKILL', 'the child is dead');

    const store = await open(dataDir);
    expect(store.attached).toBe(true);
    expect(store.pid).toBe(former.pid);
    expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('supervision brings a killed server back in less than two seconds, with everything committed', async () => {
    const outages: number[] = [];
    const store = await superviseEmbedded({ dataDir: join(base, 'data') });
    opened.push(store);
    await ask(store, 'create table entry(id int primary key)');
    for (let id = 1; id <= 10; id += 1) {
      await ask(store, `insert into entry values (${id})`);
      const killedAtMs = Date.now();
      process.kill(store.pid, 'SIGKILL');
      await until(
        () =>
          ask(store, 'select 1').then(
            () => store.restarts === id,
            () => false,
          ),
        'the server is back',
      );
      outages.push(Date.now() - killedAtMs);
    }
    expect(await ask(store, 'select count(*)::int as entries from entry')).toEqual([{ entries: 10 }]);
    expect(Math.max(...outages)).toBeLessThan(2000);
  });

  test('checkNow() does not wait for the next look', async () => {
    const store = await superviseEmbedded({ dataDir: join(base, 'data'), checkEveryMs: 3_600_000 });
    opened.push(store);
    const former = store.pid;
    process.kill(former, 'SIGKILL');
    await until(() => {
      store.checkNow();
      return store.restarts === 1;
    }, 'the server is back');
    expect(store.pid).not.toBe(former);
  });

  test('starts over a killed server that nobody reaped', async () => {
    const store = await open(join(base, 'data'));
    await store.stop();
    // A parent that never waits for its children, as the first program of a container without an init.
    const owner = statSync(join(store.storeDir, 'data'));
    const binaries = await findBinaries({
      account: await chooseAccount(owner),
      cacheDir: base,
      log: () => undefined,
    });
    const command = `"${join(binaries.dir, 'postgres')}" -D "${join(store.storeDir, 'data')}" -c listen_addresses= -c unix_socket_directories=${store.connection.host} & exec sleep 60`;
    const parent = spawn('sh', ['-c', command], {
      uid: owner.uid,
      gid: owner.gid,
      cwd: '/',
      stdio: 'ignore',
    });
    children.push(parent);
    const orphan = await open(join(base, 'data'));
    expect(orphan.attached).toBe(true);
    process.kill(orphan.pid, 'SIGKILL');
    const clusterDir = join(store.storeDir, 'data');
    await until(async () => (await identifyHolder(orphan.pid, clusterDir)) === 'zombie', 'a zombie');

    const next = await open(join(base, 'data'));
    expect(next.attached).toBe(false);
    expect(await identifyHolder(orphan.pid, clusterDir)).toBe('zombie');
  });

  test('starts although the pid in the lock file now belongs to another program', async () => {
    const store = await open(join(base, 'data'));
    const lockFile = join(store.storeDir, 'data', 'postmaster.pid');
    const owner = statSync(lockFile);
    process.kill(store.pid, 'SIGKILL');
    await until(
      async () => (await identifyHolder(store.pid, store.storeDir)) === 'gone',
      'the server is gone',
    );
    const stranger = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, cwd: '/' });
    children.push(stranger);
    writeFileSync(lockFile, readFileSync(lockFile, 'utf8').replace(/^\d+/, String(stranger.pid)));

    const next = await open(join(base, 'data'));
    expect(next.attached).toBe(false);
    expect(next.pid).not.toBe(stranger.pid);
    expect(stranger.exitCode).toBeNull();
  });

  test('replaces a server whose socket was cleaned away', async () => {
    const store = await open(join(base, 'data'));
    unlinkSync(join(store.connection.host, '.s.PGSQL.5432'));
    const next = await open(join(base, 'data'));
    expect(next.attached).toBe(false);
    expect(await ask(next, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('clear refusals', () => {
  test('names the setting that PostgreSQL does not accept, from its own log', async () => {
    const bad = open(join(base, 'data'), { settings: { shared_buffers: 'plenty' } });
    await expect(bad).rejects.toMatchObject({
      fault: 'startFailed',
      message: expect.stringContaining('shared_buffers'),
    });
  });

  test('does not touch a cluster of another major version', async () => {
    const store = await open(join(base, 'data'));
    await store.stop();
    const versionFile = join(store.storeDir, 'data', 'PG_VERSION');
    writeFileSync(versionFile, '15\n');
    await expect(open(join(base, 'data'))).rejects.toMatchObject({ fault: 'versionMismatch' });
    expect(readFileSync(versionFile, 'utf8')).toBe('15\n');
    expect(existsSync(join(store.storeDir, 'data', 'postmaster.pid'))).toBe(false);
  });

  test('without binaries it asks for DATABASE_URL', async () => {
    const missing = open(join(base, 'data'), { binDir: join(base, 'no-such-folder') });
    await expect(missing).rejects.toMatchObject({
      fault: 'noBinaries',
      message: expect.stringContaining('Set DATABASE_URL'),
    });
  });
});

describe('binaries', () => {
  async function copyPackage(): Promise<string> {
    const copy = join(base, 'package');
    await cp(locatePackage(), copy, { recursive: true, verbatimSymlinks: true });
    const libraries = join(copy, 'native', 'lib');
    for (const name of readdirSync(libraries))
      if (/libicu.*\.so(\.60)?$/.test(name)) unlinkSync(join(libraries, name));
    return copy;
  }

  test('makes the library links that the skipped install script would have made', async () => {
    const copy = await copyPackage();
    const binDir = join(copy, 'native', 'bin');
    await expect(open(join(base, 'data'), { binDir })).rejects.toThrow('libicu');
    expect(await createLibraryLinks(copy)).toBe(true);
    const store = await open(join(base, 'data'), { binDir });
    expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  if (isRoot) {
    test('are copied when the account cannot read them where they lie', async () => {
      const packageDir = await copyPackage();
      chmodSync(packageDir, 0o700);
      const account = { name: 'nobody', uid: nobody, gid: nobody };
      const request = { account, packageDir, cacheDir: join(base, 'cache'), log: () => undefined };
      const [binaries] = await Promise.all([findBinaries(request), findBinaries(request)]);
      expect(binaries?.dir.startsWith(join(base, 'cache', 'postgres-'))).toBe(true);
      expect(readdirSync(join(base, 'cache'))).toHaveLength(1);
      const store = await open(join(base, 'data'), { binDir: binaries?.dir });
      expect(uidOf(store.pid)).not.toBe(0);
    });
  }
});

if (isRoot) {
  describe('started as root', () => {
    test('runs as an unprivileged account', async () => {
      const store = await open(join(base, 'data'));
      expect(uidOf(store.pid)).not.toBe(0);
      expect(statSync(join(store.storeDir, 'data')).uid).toBe(uidOf(store.pid));
      expect(statSync(join(store.storeDir, 'password')).uid).toBe(0);
    });

    test('below a folder that only root may enter, the data lies in /var/lib/tandem and is found again', async () => {
      const hidden = join(base, 'hidden');
      mkdirSync(hidden, { mode: 0o700 });
      const dataDir = join(hidden, 'data');
      const [store, twin] = await Promise.all([open(dataDir), openEmbedded({ dataDir })]);
      expect(twin.pid).toBe(store.pid);
      expect(store.storeDir).toMatch(/^\/var\/lib\/tandem\/[0-9a-f]{12}-[0-9a-f]{8}\/postgres$/);
      expect(readFileSync(join(dataDir, 'postgres.location'), 'utf8').trim()).toBe(store.storeDir);
      await ask(store, 'create table kept()');
      await store.stop();
      const again = await open(dataDir);
      expect(again.storeDir).toBe(store.storeDir);
      expect(await ask(again, 'select * from kept')).toEqual([]);
      await again.stop();

      rmSync(dirname(store.storeDir), { recursive: true });
      await expect(open(dataDir)).rejects.toMatchObject({ fault: 'storeMissing' });
    });

    test('goes on with the store of an ordinary user as that user', async () => {
      const dataDir = join(base, 'data');
      mkdirSync(dataDir);
      chownSync(dataDir, nobody, nobody);
      const former = await openInChild(dataDir, nobody);
      expect(uidOf(former.pid)).toBe(nobody);
      const attached = await open(dataDir);
      expect(attached.pid).toBe(former.pid);
      await attached.stop();
      const started = await open(dataDir);
      expect(uidOf(started.pid)).toBe(nobody);
    });

    test('an ordinary user is told that the store belongs to somebody else', async () => {
      await open(join(base, 'data'));
      await expect(openInChild(join(base, 'data'), nobody)).rejects.toThrow('chown -R');
    });
  });
}
