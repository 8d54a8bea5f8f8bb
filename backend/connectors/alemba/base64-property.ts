import { Transform, type TransformCallback } from 'node:stream';
import { malformed } from './failures.ts';

const quoteCode = 0x22;
const backslashCode = 0x5c;
/** The key stands near the beginning; without it after so much the answer is something else. */
const maxHeadBytes = 64 * 1024;

/**
 * Takes the bytes out of one base64 property of a JSON answer while it arrives: a 60 MB file never stands in memory,
 * neither as text nor as bytes. Ends with `Failure` malformed when the property is missing, broken or cut off.
 */
export class Base64Property extends Transform {
  readonly #key: RegExp;
  #head = '';
  #state: 'before' | 'inside' | 'after' = 'before';
  #rest = '';
  #isPadded = false;

  constructor(name: string) {
    super();
    // In a string value the quotes would be escaped, so this form is a key.
    this.#key = new RegExp(`"${name}"\\s*:\\s*("|null)`);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      if (this.#state === 'inside') this.#decode(chunk);
      else if (this.#state === 'before') this.#search(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#state === 'after') done();
    else done(malformed('The answer ends before the end of the file'));
  }

  #search(chunk: Buffer): void {
    this.#head += chunk.toString('latin1');
    const match = this.#key.exec(this.#head);
    if (match === null) {
      if (this.#head.length > maxHeadBytes) throw malformed('The answer holds no file');
      return;
    }
    if (match[1] === 'null') throw malformed('The attachment has no data');
    const rest = Buffer.from(this.#head.slice(match.index + match[0].length), 'latin1');
    this.#head = '';
    this.#state = 'inside';
    this.#decode(rest);
  }

  #decode(chunk: Buffer): void {
    const end = chunk.indexOf(quoteCode);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    let text = this.#rest + part.toString('latin1');
    // Some writers escape the slash of base64 in JSON.
    if (part.includes(backslashCode) || this.#rest.includes('\\')) text = text.replaceAll('\\/', '/');
    const whole = end < 0 ? text.length - (text.length % 4) : text.length;
    // An escape that is cut in two is completed by the next chunk.
    const usable = end < 0 && text.endsWith('\\') ? Math.min(whole, (text.length - 1) & ~3) : whole;
    this.#push(text.slice(0, usable));
    this.#rest = text.slice(usable);
    if (end >= 0) this.#state = 'after';
  }

  #push(text: string): void {
    if (text === '') return;
    if (this.#isPadded || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw malformed('The file is not base64');
    this.#isPadded = text.endsWith('=');
    this.push(Buffer.from(text, 'base64'));
  }
}
