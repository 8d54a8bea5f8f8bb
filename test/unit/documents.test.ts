import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { loadConfig } from '../../backend/config.ts';
import { failureKinds } from '../../backend/sync/failure.ts';
import { projectRoot } from '../support/child.ts';
import { readSource } from '../support/source-code.ts';

const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8');
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'static/overview.md',
  'static/privacy.md',
  'static/support.md',
  'static/docs/install.md',
  'backend/connectors/alemba/README.md',
];
const readme = read('README.md');
const manifest = JSON.parse(read('vss-extension.json')) as {
  publisher: string;
  version: string;
  scopes: string[];
};
const { scripts, version } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  version: string;
};

const section = (document: string, title: string): string => {
  const start = document.indexOf(`# ${title}\n`);
  if (start < 0) throw new Error(`There is no section "${title}"`);
  const rest = document.slice(start + title.length + 3);
  const end = rest.search(/^#{1,6} /m);
  return end < 0 ? rest : rest.slice(0, end);
};

/** First cells of the rows of a table, without marks. */
const firstCells = (markdown: string): string[] =>
  [...markdown.matchAll(/^\| (?!-)([^|]+) \|/gm)].map(([, cell = '']) => cell.replaceAll('`', '').trim());

/** As GitHub makes them of the headings. */
const anchorsOf = (document: string): Set<string> =>
  new Set(
    [...read(document).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );

describe('the README', () => {
  const config = read('backend/config.ts');
  const variables = [...config.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name = '']) => name);
  const rows = [...section(readme, 'All settings').matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \|/gm)];

  test('names every variable of the environment and no other', () => {
    expect(variables.length).toBeGreaterThan(20);
    expect(rows.map(([, name]) => name).toSorted()).toEqual(variables.toSorted());
  });

  test('tells the defaults that the program has', () => {
    const given = new Map(rows.map(([, name = '', value = '']) => [name, /`([^`]+)`/.exec(value)?.[1]]));
    const known = loadConfig({
      PUBLIC_URL: 'https://tandem.example.com',
      MASTER_KEY: randomBytes(32).toString('base64'),
    });
    expect(Object.fromEntries(given)).toMatchObject({
      HOST: known.host,
      PORT: String(known.port),
      WORKERS: String(known.workers),
      BODY_LIMIT_BYTES: String(known.limits.bodyBytes),
      HOOK_BODY_LIMIT_BYTES: String(known.limits.hookBytes),
      LOG_LEVEL: known.logLevel,
      APP_TOKEN_ISSUER: known.appToken.issuer,
      ALLOW_HTTP_ADDRESSES: String(known.addresses.allowHttp),
      ALLOW_NULL_ORIGIN: String(known.cors.allowNull),
      DATA_DIR: basename(known.dataDir),
    });
    expect(known.cors.origins).toContain(
      `https://${given.get('EXTENSION_PUBLISHER')}.gallerycdn.vsassets.io`,
    );
    expect(given.get('EXTENSION_PUBLISHER')).toBe(manifest.publisher);
  });

  test('explains every kind of failure', () => {
    expect(firstCells(section(readme, 'When something fails'))).toEqual(['Kind', ...failureKinds]);
  });

  test('names commands that exist', () => {
    const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('has the sections that messages of the backend lead to', () => {
    const texts = readSource('backend/config.ts', config).words.map(({ text }) => text);
    const titles = texts.flatMap((text) => /"([^"]+)" in the README/.exec(text)?.[1] ?? []);
    expect(titles).toContain('Registering an organisation');
    for (const title of titles) expect(section(readme, title)).not.toBe('');
  });
});

describe('documents', () => {
  const guide = read('static/docs/install.md');

  test('the guide names settings and commands that exist', () => {
    const settings = [...guide.matchAll(/^\s*([A-Z][A-Z_]+)=|`([A-Z]+_[A-Z_]+)[`=]/gm)].map(
      ([, first, second]) => first ?? second,
    );
    const known = [...read('backend/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name);
    // Of Node.js and of scripts/publish.ts.
    const others = ['NODE_EXTRA_CA_CERTS', 'MARKETPLACE_TOKEN'];
    expect(settings.length).toBeGreaterThan(20);
    expect(settings.filter((name) => !known.includes(name) && !others.includes(name ?? ''))).toEqual([]);
    const named = [...guide.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('the guide quotes words that the product says', () => {
    const sources = ['backend', 'src'].flatMap((folder) =>
      readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => read(join(folder, file))),
    );
    const said = sources.join('\n');
    const symptoms = section(guide, '10. When it does not work');
    const quoted = [...symptoms.matchAll(/(?<=[\s|])_([^_|]{12,})_/g)].map(([, words = '']) => words);
    expect(quoted.length).toBeGreaterThan(8);
    // With a number in it the sentence is put together.
    const unsaid = quoted
      // "Page, part of it" is a way to something.
      .flatMap((words) => words.split(', '))
      .filter((words) => !said.includes(words.replace(/ \d+ s$/, '')));
    expect(unsaid).toEqual([]);
  });

  test.each(documents)('%s leads only to files and sections that exist', (document) => {
    const targets = [...read(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(
      ([, target = '']) => target,
    );
    const leadsNowhere = (target: string): boolean => {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? document : join(dirname(document), file);
      if (!existsSync(join(projectRoot, path))) return true;
      return anchor !== undefined && !anchorsOf(path).has(anchor);
    };
    expect(targets.filter(leadsNowhere)).toEqual([]);
  });

  test('folders on the map exist', () => {
    const cells = firstCells(section(readme, 'Map of folders')).slice(1);
    const folders = cells.flatMap((cell) => {
      const [first = '', ...more] = cell.split(', ').map((folder) => folder.replace(/\/$/, ''));
      // "test/unit, contract": the others lie beside the first.
      const beside = first.includes('/') ? `${first.slice(0, first.lastIndexOf('/'))}/` : '';
      return [first, ...more.map((folder) => (folder.includes('/') || !beside ? folder : beside + folder))];
    });
    expect(folders.filter((folder) => !existsSync(join(projectRoot, folder)))).toEqual([]);
  });

  test('every scope of the extension is explained', () => {
    expect(firstCells(section(read('SECURITY.md'), 'Scopes of the extension')).slice(1)).toEqual(
      manifest.scopes,
    );
  });

  test('versions agree', () => {
    expect(manifest.version).toBe(version);
    expect(read('CHANGELOG.md')).toContain(version);
  });
});
