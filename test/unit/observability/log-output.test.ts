import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../support/child.ts';

/** What a process that logs has written; it is killed as soon as it has written `until`. */
async function output(how: string, until?: string): Promise<{ lines: string[]; code: unknown }> {
  const child = spawn(
    join(projectRoot, 'node_modules', '.bin', 'node'),
    [join(projectRoot, 'test/support/logging-process.ts'), how],
    { stdio: ['ignore', 'pipe', 'ignore'], timeout: 30_000, killSignal: 'SIGKILL' },
  );
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    written += piece;
    if (until !== undefined && written.includes(until)) child.kill('SIGKILL');
  });
  const code = await new Promise((resolve) =>
    child.once('close', (ended, signal) => resolve(ended ?? signal)),
  );
  return { lines: written.trim().split('\n'), code };
}

describe('the log on standard output', () => {
  test.each([
    ['exit', 3],
    ['throw', 1],
  ])('is complete when the process ends by %s', async (how, expected) => {
    const { lines, code } = await output(how);
    expect(code).toBe(expected);
    expect(lines).toHaveLength(200);
    expect(JSON.parse(lines[199] ?? '')).toMatchObject({ line: 'test.counted', n: 199 });
  });

  test('has a warning at once, after what came before it', async () => {
    const { lines, code } = await output('warn', 'test.warned');
    expect(code).toBe('SIGKILL');
    expect(lines).toHaveLength(201);
    expect(JSON.parse(lines[200] ?? '')).toMatchObject({ level: 'warn', line: 'test.warned' });
  });

  test('has its lines within a moment, without an end', async () => {
    const { lines, code } = await output('killed', '"n":199');
    expect(code).toBe('SIGKILL');
    expect(lines).toHaveLength(200);
  });
});
