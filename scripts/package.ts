/**
 * Builds the extension and packages it into a .vsix, then opens the package and checks what an organisation would get.
 *
 *   node scripts/package.ts [--dev] [--base-uri https://localhost:3000] [--backend https://tandem.example.com]
 *
 * --dev       own extension id, loaded from your own server (`--base-uri`)
 * --backend   pins the package to one backend: other addresses in the extension's data are ignored, and the pages'
 *             content security policy lets them talk to nothing else
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkPackage } from './check-package.ts';

const root = `${import.meta.dirname}/..`;
const bin = `${root}/node_modules/.bin`;
const { values } = parseArgs({
  options: {
    dev: { type: 'boolean', default: false },
    'base-uri': { type: 'string', default: 'https://localhost:3000' },
    backend: { type: 'string' },
  },
});

const run = (command: string, args: string[]) =>
  execFileSync(`${bin}/${command}`, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });

/** Writes the backend's address into the built pages and narrows what they may connect to. */
function pinBackend(address: string): void {
  const { origin, href } = new URL(address);
  const folder = `${root}/dist/extension`;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.html'))) {
    const page = readFileSync(`${folder}/${name}`, 'utf8')
      .replace(
        'name="tandem-backend" content=""',
        `name="tandem-backend" content="${href.replace(/\/$/, '')}"`,
      )
      .replace(/connect-src [^;]+;/, `connect-src ${origin};`);
    if (!page.includes(`connect-src ${origin};`)) throw new Error(`${name} has no policy to narrow.`);
    writeFileSync(`${folder}/${name}`, page);
  }
}

const manifest = JSON.parse(readFileSync(`${root}/vss-extension.json`, 'utf8')) as {
  publisher: string;
  id: string;
  version: string;
};
const overrides = values.dev
  ? { id: `${manifest.id}-dev`, name: 'Tandem (development)', public: false, baseUri: values['base-uri'] }
  : {};
const target = `dist/${manifest.publisher}.${overrides.id ?? manifest.id}-${manifest.version}.vsix`;

run('webpack', ['--mode', values.dev ? 'development' : 'production']);
if (values.backend) pinBackend(values.backend);
mkdirSync(`${root}/dist`, { recursive: true });
rmSync(`${root}/${target}`, { force: true });
run('tfx', [
  'extension',
  'create',
  '--manifest-globs',
  'vss-extension.json',
  '--output-path',
  target,
  '--override',
  JSON.stringify(overrides),
  '--no-prompt',
]);

const { problems, parts } = checkPackage(readFileSync(`${root}/${target}`), { sourceMaps: values.dev });
for (const { name, bytes, packedBytes } of parts) {
  console.log(`${String(bytes).padStart(9)} ${String(packedBytes).padStart(8)} packed  ${name}`);
}
for (const problem of problems) console.error(`wrong: ${problem}`);
console.log(`${target}: ${readFileSync(`${root}/${target}`).length} bytes, ${parts.length} parts`);
process.exitCode = problems.length > 0 ? 1 : 0;
