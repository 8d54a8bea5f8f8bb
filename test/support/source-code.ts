import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { parseSync } from '@swc/core';
import { projectRoot } from './child.ts';

/** One `import`, `export … from`, `import()` or `import('…').Type`, as it is written. */
export interface Import {
  /** Path of the importing file below the project's root, with `/`. */
  file: string;
  line: number;
  /** As written: `node:fs`, `zod`, `../sync/record.ts`. */
  specifier: string;
  /** Path below the project's root for relative imports, else undefined. */
  target: string | undefined;
  /** Leaves nothing behind when types are stripped. */
  typeOnly: boolean;
}

/** A text or a name that the program itself contains: comments are not among them. */
export interface Word {
  file: string;
  line: number;
  text: string;
}

export interface SourceFile {
  file: string;
  lines: number;
  imports: readonly Import[];
  words: readonly Word[];
}

type Node = Record<string, unknown> & { type?: string };

const importDeclarations = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration']);

/** All TypeScript files below the folders, parsed by swc. `folders` are relative to the project's root. */
export function readSources(folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
        .map((entry) =>
          posix.join(...entry.parentPath.slice(projectRoot.length + 1).split(/[\\/]/), entry.name),
        ),
    )
    .sort()
    .map((file) => readSource(file, readFileSync(join(projectRoot, file), 'utf8')));
}

/** For one file whose text is given. */
export function readSource(file: string, text: string): SourceFile {
  // The parser counts bytes from where its last file ended. An empty statement in front tells where that is.
  const tree = parseSync(`;${text}`, {
    syntax: 'typescript',
    tsx: extname(file) === '.tsx',
    target: 'es2024',
  }) as unknown as Node & { body: { span: { start: number } }[] };
  const origin = (tree.body[0]?.span.start ?? 0) + 1;
  const bytes = Buffer.from(text);
  const breaks = [...bytes.keys()].filter((index) => bytes[index] === 10);
  const lineAt = (node: Node) =>
    lineOf(breaks, ((node.span as { start?: number })?.start ?? origin) - origin);

  const imports: Import[] = [];
  const words: Word[] = [];
  const visit = (node: Node): void => {
    const found = importOf(node);
    if (found !== undefined) {
      const { specifier, typeOnly } = found;
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined;
      imports.push({ file, line: lineAt(node), specifier, target, typeOnly });
    }
    const word = wordOf(node);
    if (word !== undefined) words.push({ file, line: lineAt(node), text: word });
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child === 'object' && child !== null) visit(child as Node);
      }
    }
  };
  visit(tree);
  return { file, lines: breaks.length, imports, words };
}

/** The first break at or behind the byte ends its line. */
function lineOf(breaks: readonly number[], byte: number): number {
  let low = 0;
  let high = breaks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((breaks[middle] as number) < byte) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

function importOf(node: Node): { specifier: string; typeOnly: boolean } | undefined {
  if (importDeclarations.has(node.type ?? '')) {
    const source = node.source as { value?: string } | null;
    if (source?.value === undefined) return undefined;
    const specifiers = (node.specifiers as { isTypeOnly?: boolean }[] | undefined) ?? [];
    const allTypes = specifiers.length > 0 && specifiers.every((one) => one.isTypeOnly);
    return { specifier: source.value, typeOnly: node.typeOnly === true || allTypes };
  }
  if (node.type === 'TsImportType') {
    return { specifier: (node.argument as { value: string }).value, typeOnly: true };
  }
  if (node.type === 'CallExpression' && (node.callee as Node).type === 'Import') {
    const [first] = node.arguments as { expression: { type: string; value?: unknown } }[];
    if (first?.expression.type !== 'StringLiteral') return undefined;
    return { specifier: String(first.expression.value), typeOnly: false };
  }
  return undefined;
}

function wordOf(node: Node): string | undefined {
  switch (node.type) {
    case 'Identifier':
    case 'StringLiteral':
    case 'JSXText':
      return String(node.value);
    case 'TemplateElement':
      return String(node.raw);
    case 'RegExpLiteral':
      return String(node.pattern);
    default:
      return undefined;
  }
}
