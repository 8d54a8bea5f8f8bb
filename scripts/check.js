// Type checks every part with only the libraries that it may see, and lints; all at once, because each is one thread.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const typescript = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const biome = join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin', 'biome');

const checks = [
  { name: 'types of backend and sandbox', args: [typescript, '-p', 'tsconfig.json'] },
  { name: 'types of backend/sync (no Node.js)', args: [typescript, '-p', 'backend/sync'] },
  { name: 'types of src (browser only)', args: [typescript, '-p', 'src'] },
  { name: 'types of test', args: [typescript, '-p', 'test'] },
  { name: 'format and lint', args: [biome, 'check', '.'] },
  { name: 'lock file serves every platform', args: ['scripts/complete-lock.js', '--check'] },
];

const results = await Promise.all(checks.map(run));
for (const { name, exitCode, output, durationMs } of results) {
  console.log(`${exitCode === 0 ? 'ok    ' : 'FAILED'} ${name} (${(durationMs / 1000).toFixed(1)} s)`);
  if (exitCode !== 0) console.log(output.trimEnd());
}
const failed = results.filter(({ exitCode }) => exitCode !== 0);
if (failed.length > 0) console.log(`\nFailed: ${failed.map(({ name }) => name).join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

function run({ name, args }) {
  return new Promise((resolve) => {
    const startedAtMs = Date.now();
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const end = (exitCode) => resolve({ name, exitCode, output, durationMs: Date.now() - startedAtMs });
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', (error) => {
      output += error.message;
      end(1);
    });
    child.on('close', end);
  });
}
