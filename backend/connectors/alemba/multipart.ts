import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

export interface MultipartBody {
  contentType: string;
  body: Readable;
  /** Undefined when the size of the file is not known before. */
  sizeBytes: number | undefined;
}

/**
 * One file as `multipart/form-data` (RFC 7578), streamed: nothing but the current chunk is in memory.
 * A source that ends early or goes on too long breaks the request off, so that no half file is stored.
 */
export function multipartFile(
  part: string,
  file: { name: string; contentType: string; sizeBytes?: number },
  source: Readable,
): MultipartBody {
  const boundary = `tandem-${randomBytes(18).toString('base64url')}`;
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="${part}"; filename="${escapeName(file.name)}"\r\n` +
      `content-type: ${safeType(file.contentType)}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const { sizeBytes } = file;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Readable.from(parts(head, source, tail, sizeBytes), { objectMode: false }),
    sizeBytes: sizeBytes === undefined ? undefined : head.length + sizeBytes + tail.length,
  };
}

async function* parts(head: Buffer, source: Readable, tail: Buffer, sizeBytes: number | undefined) {
  let seenBytes = 0;
  try {
    yield head;
    for await (const chunk of source) {
      const bytes = chunk as Buffer;
      seenBytes += bytes.length;
      yield bytes;
    }
    if (sizeBytes !== undefined && seenBytes !== sizeBytes) {
      throw new Error(`The file has ${seenBytes} bytes, ${sizeBytes} were announced`);
    }
    yield tail;
  } finally {
    source.destroy();
  }
}

/** As browsers escape it: quotes and line breaks in percent form, everything else as it is in UTF-8. */
const escapeName = (name: string) =>
  name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const safeType = (type: string) =>
  /^[\w.+-]+\/[\w.+-]+(;\s*[\w-]+="?[\w.+-]+"?)*$/.test(type) ? type : 'application/octet-stream';

/** The last part of a path, without control characters: a name must not lead anywhere. */
export function plainName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is removed
  const clean = last.replaceAll(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '').trim();
  return clean === '' || /^\.+$/.test(clean) ? 'attachment' : clean;
}
