import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Often enough that `kill -9` costs the simulated systems next to nothing. */
const everyMs = 500;
const mapMark = '$map';

/** Maps as lists of pairs; everything else that the simulators hold is plain. */
const encode = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    member instanceof Map ? { [mapMark]: [...member] } : member,
  );

const decode = (text: string): unknown =>
  JSON.parse(text, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && mapMark in member
      ? new Map(member[mapMark] as [unknown, unknown][])
      : member,
  );

/**
 * What was kept, with addresses that moved since replaced; undefined when there is nothing.
 *
 * @param addresses by name, as they are now; the file remembers them as they were.
 */
export function readKept<T>(path: string, addresses: Record<string, string>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const before = (JSON.parse(text) as { addresses: Record<string, string> }).addresses;
  // Two steps, because ports may have changed places.
  for (const name of Object.keys(before)) text = text.replaceAll(before[name] ?? '', `{{address:${name}}}`);
  for (const name of Object.keys(before)) {
    text = text.replaceAll(`{{address:${name}}}`, addresses[name] ?? before[name] ?? '');
  }
  return (decode(text) as { state: T }).state;
}

/** Writes the state whenever it changed. @returns what writes it a last time and ends. */
export function keepState(
  path: string,
  addresses: Record<string, string>,
  snapshot: () => unknown,
): () => void {
  mkdirSync(dirname(path), { recursive: true });
  let written = '';
  const write = () => {
    const text = encode({ addresses, state: snapshot() });
    if (text === written) return;
    // Renamed when whole: a kill in the middle leaves the former state.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    written = text;
  };
  const timer = setInterval(write, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    write();
  };
}
