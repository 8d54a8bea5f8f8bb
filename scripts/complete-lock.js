// Adds platform packages to package-lock.json that npm left out because its registry did not offer them when the lock
// file was written (npm/cli#4828). Without them `npm ci` refuses the file, and a Mac or Windows machine would miss its
// programs. Run it after each `npm install <package>`; with --check it only tells.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const lockFile = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(lockFile, 'utf8'));
const packages = lock.packages;
const missing = Object.entries(packages).flatMap(([owner, { dev, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name, version]) => /^\d+\.\d+\.\d+/.test(version) && !isLocked(owner, name))
    .map(([name, version]) => ({ name, entry: platformEntry(name, version, dev) })),
);

for (const { name, entry } of missing) {
  console.log(`${name} ${entry.version} (${entry.os}, ${entry.cpu})`);
  packages[`node_modules/${name}`] = entry;
}
if (missing.length > 0 && !process.argv.includes('--check')) {
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${missing.length} platform packages were missing in package-lock.json`);
process.exitCode = missing.length > 0 && process.argv.includes('--check') ? 1 : 0;

/** Looks where Node.js would: in the owner's own node_modules and in each one above it. */
function isLocked(owner, name) {
  for (let path = owner; ; path = path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0))) {
    if (packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`]) return true;
    if (path === '') return false;
  }
}

/** The name says the platform: `@swc/core-win32-x64-msvc`, `@biomejs/cli-linux-arm64-musl`. */
function platformEntry(name, version, dev) {
  const found = /(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(?:-(gnu|musl|msvc))?/.exec(
    name,
  );
  if (!found) throw new Error(`${name} does not say its platform; add it to package-lock.json by hand`);
  const [, os, cpu, abi] = found;
  const libc = { gnu: ['glibc'], musl: ['musl'] }[abi];
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev: true } : {}),
    ...(libc ? { libc } : {}),
    optional: true,
    os: [os],
  };
}
