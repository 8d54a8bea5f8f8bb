import { spawn } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { chooseAccount } from '../../backend/store/embedded/account.ts';
import { findBinaries } from '../../backend/store/embedded/binaries.ts';
import { type EmbeddedStore, openEmbedded, superviseEmbedded } from '../../backend/store/embedded/index.ts';
import { identifyHolder } from '../../backend/store/embedded/postmaster.ts';
import { ask, createEmbeddedBench, type EmbeddedBench, until } from '../support/embedded-store.ts';

let bench: EmbeddedBench;

beforeEach(() => {
  bench = createEmbeddedBench();
});

afterEach(() => bench.clear());

async function killServer(store: EmbeddedStore): Promise<void> {
  process.kill(store.pid, 'SIGKILL');
  await until(async () => (await identifyHolder(store.pid, store.storeDir)) === 'gone', 'the server is gone');
}

describe('start and stop', () => {
  test('first start makes a durable, password protected, socket only server; the next start is warm', async () => {
    const first = await bench.open();
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

    const second = await bench.open();
    expect(second.attached).toBe(false);
    expect(second.pid).not.toBe(first.pid);
    expect(await ask(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(readdirSync(second.storeDir).sort()).toEqual(['data', 'password', 'port']);
  });

  test('keeps our environment from the server, because it may hold secrets', async () => {
    process.env.TANDEM_TEST_SECRET = 'do-not-leak';
    const store = await bench.open();
    delete process.env.TANDEM_TEST_SECRET;
    expect(readFileSync(`/proc/${store.pid}/environ`, 'utf8')).not.toContain('do-not-leak');
  });

  test('several starts at once end with one server', async () => {
    const [a, b, c, ...inChildren] = await Promise.all([
      bench.open(),
      bench.open(),
      bench.open(),
      bench.openInChild(),
      bench.openInChild(),
    ]);
    const all = [a, b, c, ...inChildren];
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    expect(all.filter(({ attached }) => !attached)).toHaveLength(1);
    expect(readdirSync(bench.dataDir)).toEqual(['postgres']);
  });
});

describe('after a crash', () => {
  test('attaches to the server that a killed Node.js left behind', async () => {
    const former = await bench.openInChild();
    expect(former.attached).toBe(false);
    former.child.kill('SIGKILL');
    await until(() => former.child.signalCode === 'SIGKILL', 'the child is dead');

    const store = await bench.open();
    expect(store.attached).toBe(true);
    expect(store.pid).toBe(former.pid);
    expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('supervision brings a killed server back each time, with everything committed', async () => {
    const store = await superviseEmbedded({ dataDir: bench.dataDir });
    bench.keep(store);
    await ask(store, 'create table entry(id int primary key)');
    for (let id = 1; id <= 10; id += 1) {
      await ask(store, `insert into entry values (${id})`);
      process.kill(store.pid, 'SIGKILL');
      await until(
        () =>
          ask(store, 'select 1').then(
            () => store.restarts === id,
            () => false,
          ),
        'the server is back',
      );
    }
    expect(await ask(store, 'select count(*)::int as entries from entry')).toEqual([{ entries: 10 }]);
  });

  test('checkNow() does not wait for the next look', async () => {
    const store = await superviseEmbedded({ dataDir: bench.dataDir, checkEveryMs: 3_600_000 });
    bench.keep(store);
    const former = store.pid;
    process.kill(former, 'SIGKILL');
    await until(() => {
      store.checkNow();
      return store.restarts === 1;
    }, 'the server is back');
    expect(store.pid).not.toBe(former);
  });

  test('starts over a killed server that nobody reaped', async () => {
    const store = await bench.open();
    await store.stop();
    // A parent that never waits for its children, as the first program of a container without an init.
    const owner = statSync(join(store.storeDir, 'data'));
    const binaries = await findBinaries({
      account: await chooseAccount(owner),
      cacheDir: bench.base,
      log: () => undefined,
    });
    const command = `"${join(binaries.dir, 'postgres')}" -D "${join(store.storeDir, 'data')}" -c listen_addresses= -c unix_socket_directories=${store.connection.host} & exec sleep 60`;
    const parent = spawn('sh', ['-c', command], {
      uid: owner.uid,
      gid: owner.gid,
      cwd: '/',
      stdio: 'ignore',
    });
    bench.keepChild(parent);
    // Else the next start could come before it.
    await until(() => existsSync(join(store.storeDir, 'data', 'postmaster.pid')), 'the server has begun');
    const orphan = await bench.open();
    expect(orphan.attached).toBe(true);
    process.kill(orphan.pid, 'SIGKILL');
    const clusterDir = join(store.storeDir, 'data');
    await until(async () => (await identifyHolder(orphan.pid, clusterDir)) === 'zombie', 'a zombie');

    const next = await bench.open();
    expect(next.attached).toBe(false);
    expect(await identifyHolder(orphan.pid, clusterDir)).toBe('zombie');
  });

  test('starts although the pid in the lock file now belongs to another program', async () => {
    const store = await bench.open();
    const lockFile = join(store.storeDir, 'data', 'postmaster.pid');
    const owner = statSync(lockFile);
    await killServer(store);
    const stranger = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, cwd: '/' });
    bench.keepChild(stranger);
    writeFileSync(lockFile, readFileSync(lockFile, 'utf8').replace(/^\d+/, String(stranger.pid)));

    const next = await bench.open();
    expect(next.attached).toBe(false);
    expect(next.pid).not.toBe(stranger.pid);
    expect(stranger.exitCode).toBeNull();
  });

  test('starts over the empty lock file that a power cut left', async () => {
    const store = await bench.open();
    const lockFile = join(store.storeDir, 'data', 'postmaster.pid');
    await killServer(store);
    writeFileSync(lockFile, '');
    const longAgo = Date.now() / 1000 - 60;
    utimesSync(lockFile, longAgo, longAgo);

    const next = await bench.open();
    expect(next.attached).toBe(false);
    expect(await ask(next, 'select 1 as answer')).toEqual([{ answer: 1 }]);
  });

  test('waits while the lock file of another start is still empty', async () => {
    const store = await bench.open();
    const lockFile = join(store.storeDir, 'data', 'postmaster.pid');
    await killServer(store);
    writeFileSync(lockFile, '');
    const opening = bench.open();
    setTimeout(() => unlinkSync(lockFile), 1000);
    expect((await opening).attached).toBe(false);
  });

  test('replaces a server whose socket was cleaned away', async () => {
    const store = await bench.open();
    unlinkSync(join(store.connection.host, '.s.PGSQL.5432'));
    const next = await bench.open();
    expect(next.attached).toBe(false);
    expect(await ask(next, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('clear refusals', () => {
  test('names the setting that PostgreSQL does not accept, from its own log', async () => {
    const bad = bench.open({ settings: { shared_buffers: 'plenty' } });
    await expect(bad).rejects.toMatchObject({
      fault: 'startFailed',
      message: expect.stringContaining('shared_buffers'),
    });
  });

  test('does not touch a cluster of another major version', async () => {
    const store = await bench.open();
    await store.stop();
    const versionFile = join(store.storeDir, 'data', 'PG_VERSION');
    writeFileSync(versionFile, '15\n');
    await expect(bench.open()).rejects.toMatchObject({ fault: 'versionMismatch' });
    expect(readFileSync(versionFile, 'utf8')).toBe('15\n');
    expect(existsSync(join(store.storeDir, 'data', 'postmaster.pid'))).toBe(false);
  });

  test('tells an account that the store belongs to another one', async () => {
    await bench.open();
    const asOther = jest.spyOn(process, 'getuid').mockReturnValue(12_345);
    try {
      await expect(openEmbedded({ dataDir: bench.dataDir })).rejects.toMatchObject({
        fault: 'wrongOwner',
        message: expect.stringContaining('chown -R 12345'),
      });
    } finally {
      asOther.mockRestore();
    }
  });

  test('without binaries it asks for DATABASE_URL', async () => {
    const missing = bench.open({ binDir: join(bench.base, 'no-such-folder') });
    await expect(missing).rejects.toMatchObject({
      fault: 'noBinaries',
      message: expect.stringContaining('Set DATABASE_URL'),
    });
  });
});
