import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/child.ts';
import { type Import, readSource, readSources, type SourceFile } from '../support/source-code.ts';
import { layoutProblems, type Rule, rules, vendorProblems } from './boundaries/rules.ts';

const sources = readSources(['backend', 'src', 'test/sandbox']);
const imports = sources.flatMap((source) => source.imports);
const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** Told, not refused: a long file is a question, and sometimes the answer is yes. */
afterAll(() => {
  const long = sources.filter(({ lines }) => lines > 300).sort((a, b) => b.lines - a.lines);
  const told = long.map(({ file, lines }) => `${file} ${lines}`).join(', ');
  process.stdout.write(`${long.length} of ${sources.length} files have more than 300 lines: ${told}\n`);
});

describe('who may import whom', () => {
  test.each(rules.map((rule): [string, Rule] => [rule.room, rule]))('%s', (_room, rule) => {
    expect(layoutProblems(imports, [rule])).toEqual([]);
  });

  test('every room has a rule', () => {
    const ruled = (file: string) => rules.some((rule) => file.startsWith(rule.room));
    expect(sources.map((source) => source.file).filter((file) => !ruled(file))).toEqual([]);
  });

  test('the backend runs on dependencies alone', () => {
    const used = imports.filter((one) => one.file.startsWith('backend/') && one.target === undefined);
    const missing = used.filter(
      ({ specifier }) => !specifier.startsWith('node:') && !(packageOf(specifier) in dependencies),
    );
    expect(missing.map(({ file, line, specifier }) => `${file}:${line} ${specifier}`)).toEqual([]);
  });
});

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

describe("a vendor's words live in that vendor's folder", () => {
  test('in programs', () => expect(vendorProblems(sources)).toEqual([]));

  test('in migrations', () => {
    const folder = 'backend/store/migrations';
    const files = readdirSync(join(projectRoot, folder)).map((name): SourceFile => {
      const file = `${folder}/${name}`;
      const lines = readFileSync(join(projectRoot, file), 'utf8').split('\n');
      const words = lines.map((text, index) => ({ file, line: index + 1, text }));
      return { file, lines: lines.length, imports: [], words };
    });
    expect(vendorProblems(files)).toEqual([]);
  });
});

describe('the test itself', () => {
  const importsOf = (file: string, text: string): readonly Import[] => readSource(file, text).imports;

  test('finds every form of import, with its line', () => {
    const text = [
      "import type { A } from './a.ts';",
      '// ä: more bytes than characters',
      "import { type B, b } from '../b.ts';",
      "export * from 'zod';",
      "type C = import('node:fs').Stats;",
      "const d = () => import('pg');",
      'export const e = 1;',
    ].join('\n');
    expect(
      importsOf('backend/sync/x.ts', text).map((one) => [
        one.line,
        one.target ?? one.specifier,
        one.typeOnly,
      ]),
    ).toEqual([
      [1, 'backend/sync/a.ts', true],
      [3, 'backend/b.ts', false],
      [4, 'zod', false],
      [5, 'node:fs', true],
      [6, 'pg', false],
    ]);
  });

  test.each([
    ['backend/sync/plan.ts', "import { readFileSync } from 'node:fs';"],
    ['backend/sync/plan.ts', "import { openStore } from '../store/pool.ts';"],
    ['backend/contract/links.ts', "import pg from 'pg';"],
    ['backend/engine/sweep.ts', "import { alemba } from '../connectors/alemba/index.ts';"],
    ['backend/engine/sweep.ts', "import { fields } from '../azure-devops/translate.ts';"],
    ['backend/connectors/other/index.ts', "import { isRef } from '../alemba/filter.ts';"],
    ['backend/connectors/alemba/read.ts', "import type { Store } from '../../store/pool.ts';"],
    ['backend/azure-devops/client.ts', "import { httpTransport } from '../connectors/http-transport.ts';"],
    ['backend/store/links.ts', "import { settle } from '../engine/settings.ts';"],
    ['backend/http/server.ts', "import { alemba } from '../connectors/alemba/index.ts';"],
    ['backend/main.ts', "import { startAlemba } from '../test/sandbox/itsm/alemba/server.ts';"],
    ['src/api/client.ts', "import { plan } from '../../backend/sync/plan.ts';"],
    ['src/ticket/view.tsx', "import * as SDK from 'azure-devops-extension-sdk';"],
    [
      'test/sandbox/itsm/alemba/server.ts',
      "import { alemba } from '../../../../backend/connectors/alemba/index.ts';",
    ],
  ])('%s may not hold %s', (file, text) => {
    const problems = layoutProblems(importsOf(file, text), rules);
    expect(problems).toEqual([expect.stringContaining(`${file}:1 `)]);
  });

  test.each([
    ['backend/engine/sweep.ts', "export const title = 'System.Title';"],
    ['backend/http/server.ts', 'export const read = (call: { CallStatus: number }) => call.CallStatus;'],
    ['backend/sync/plan.ts', 'export const query = (id: string) => `LastActionDate gt` + id;'],
    ['backend/azure-devops/wiql.ts', "export const kind = 'alemba';"],
    ['backend/connectors/alemba/read.ts', "export const state = 'Microsoft.VSTS.Common.Priority';"],
  ])('%s may not say %s', (file, text) => {
    expect(vendorProblems([readSource(file, text)])).toContainEqual(expect.stringContaining(`${file}:1 `));
  });

  test('comments may name a vendor', () => {
    expect(vendorProblems([readSource('backend/sync/plan.ts', '// as System.Title\nexport {};\n')])).toEqual(
      [],
    );
  });
});
