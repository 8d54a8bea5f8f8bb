import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createLibraryLinks, findBinaries, locatePackage } from '../../backend/store/embedded/binaries.ts';
import { openEmbedded } from '../../backend/store/embedded/index.ts';
import {
  ask,
  createEmbeddedBench,
  type EmbeddedBench,
  giveTo,
  isRoot,
  uidOf,
} from '../support/embedded-store.ts';

const nobody = 65534;

let bench: EmbeddedBench;

beforeEach(() => {
  bench = createEmbeddedBench();
});

afterEach(() => bench.clear());

describe('binaries', () => {
  async function copyPackage(): Promise<string> {
    const copy = join(bench.base, 'package');
    await cp(locatePackage(), copy, { recursive: true, verbatimSymlinks: true });
    const libraries = join(copy, 'native', 'lib');
    for (const name of readdirSync(libraries))
      if (/libicu.*\.so(\.60)?$/.test(name)) unlinkSync(join(libraries, name));
    return copy;
  }

  test('makes the library links that the skipped install script would have made', async () => {
    const copy = await copyPackage();
    const binDir = join(copy, 'native', 'bin');
    await expect(bench.open({ binDir })).rejects.toThrow('libicu');
    expect(await createLibraryLinks(copy)).toBe(true);
    const store = await bench.open({ binDir });
    expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  if (isRoot) {
    test('are copied when the account cannot read them where they lie', async () => {
      const packageDir = await copyPackage();
      chmodSync(packageDir, 0o700);
      const account = { name: 'nobody', uid: nobody, gid: nobody };
      const request = { account, packageDir, cacheDir: join(bench.base, 'cache'), log: () => undefined };
      const [binaries] = await Promise.all([findBinaries(request), findBinaries(request)]);
      expect(binaries?.dir.startsWith(join(bench.base, 'cache', 'postgres-'))).toBe(true);
      expect(readdirSync(join(bench.base, 'cache'))).toHaveLength(1);
      const store = await bench.open({ binDir: binaries?.dir });
      expect(uidOf(store.pid)).not.toBe(0);
    });
  }
});

if (isRoot) {
  describe('started as root', () => {
    test('runs as an unprivileged account', async () => {
      const store = await bench.open();
      expect(uidOf(store.pid)).not.toBe(0);
      expect(statSync(join(store.storeDir, 'data')).uid).toBe(uidOf(store.pid));
      expect(statSync(join(store.storeDir, 'password')).uid).toBe(0);
    });

    test('below a folder that only root may enter, the data lies in /var/lib/tandem and is found again', async () => {
      const hidden = join(bench.base, 'hidden');
      mkdirSync(hidden, { mode: 0o700 });
      const dataDir = join(hidden, 'data');
      const [store, twin] = await Promise.all([bench.open({ dataDir }), openEmbedded({ dataDir })]);
      expect(twin.pid).toBe(store.pid);
      expect(store.storeDir).toMatch(/^\/var\/lib\/tandem\/[0-9a-f]{12}-[0-9a-f]{8}\/postgres$/);
      expect(readFileSync(join(dataDir, 'postgres.location'), 'utf8').trim()).toBe(store.storeDir);
      await ask(store, 'create table kept()');
      await store.stop();
      const again = await bench.open({ dataDir });
      expect(again.storeDir).toBe(store.storeDir);
      expect(await ask(again, 'select * from kept')).toEqual([]);
      await again.stop();

      rmSync(dirname(store.storeDir), { recursive: true });
      await expect(bench.open({ dataDir })).rejects.toMatchObject({ fault: 'storeMissing' });
    });

    test('goes on with the store of an ordinary user as that user', async () => {
      const former = await bench.open();
      await ask(former, 'create table kept()');
      await former.stop();
      giveTo(nobody, former.storeDir);
      const store = await bench.open();
      expect(uidOf(store.pid)).toBe(nobody);
      expect(await ask(store, 'select * from kept')).toEqual([]);
    });
  });
}
