import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AlembaError } from './errors.ts';

export interface StoredFile {
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** Attachment bytes on disk in a folder of their own, so that 60 MB files never stand in memory whole. */
export class AttachmentFiles {
  readonly #folder: string;
  readonly #isKept: boolean;

  /** A given folder stays with its files; without one they end with the simulator. */
  constructor(folder?: string) {
    this.#isKept = folder !== undefined;
    this.#folder = folder ?? mkdtempSync(join(tmpdir(), 'alemba-simulator-'));
    mkdirSync(this.#folder, { recursive: true });
  }

  /** @throws AlembaError 413 above `maxBytes`; what was written is removed again. */
  async save(bytes: Readable, maxBytes: number): Promise<StoredFile> {
    const path = join(this.#folder, randomUUID());
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        sizeBytes += chunk.length;
        hash.update(chunk);
        if (sizeBytes > maxBytes) done(new AlembaError(413, 'The maximum request length was exceeded'));
        else done(null, chunk);
      },
    });
    try {
      await pipeline(bytes, meter, createWriteStream(path));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return { path, sizeBytes, sha256: hash.digest('hex') };
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** Removes the folder with everything in it, unless it is to be kept. */
  close(): void {
    if (!this.#isKept) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A JSON answer whose `BinaryData` is the file in base64, streamed in chunks that are a multiple of three bytes. */
export function jsonWithBinary(fields: Record<string, unknown>, path: string): Readable {
  const head = JSON.stringify(fields).slice(0, -1);
  return Readable.from(jsonParts(head === '{' ? head : `${head},`, path));
}

async function* jsonParts(head: string, path: string): AsyncGenerator<string> {
  yield `${head}"BinaryData":"`;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 192 * 1024 })) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    const whole = bytes.length - (bytes.length % 3);
    rest = bytes.subarray(whole);
    yield bytes.toString('base64', 0, whole);
  }
  yield `${rest.toString('base64')}"}`;
}
