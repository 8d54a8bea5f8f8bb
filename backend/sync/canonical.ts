import { hashHex } from './hash.ts';
import type { Canonical } from './link-state.ts';
import { toHtml } from './markup/index.ts';
import { parseSanitized } from './markup/tree.ts';
import { writeText } from './markup/write-text.ts';
import type { FieldDescription, FieldValue, Principal, RichText } from './record.ts';

/** Longer texts are kept as a hash, so that a base stays some hundred bytes whatever the fields hold. */
const longestPlain = 120;
/** Between the words of a rich text and the hash of its emphasis. Not a character that people type. */
const emphasisMark = '\u001f';

/**
 * Pure but remembered: reading markup costs 20 to 200 µs, and most texts are the same as in the last plan. Keyed by
 * format and text, oldest out first.
 */
const remembered = new Map<string, Canonical>();
const maxRemembered = 2000;
const maxRememberedChars = 20_000;

const squeeze = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[\u200b-\u200d\u2060\ufeff\u00ad]/g, '')
    .split(/\r\n?|\n/)
    .map((line) =>
      line
        .replace(/[\s\u00a0]+/g, ' ')
        .trim()
        .replace(/^[*•·+] /, '- '),
    )
    .filter((line) => line !== '')
    .join('\n');

const shorten = (text: string): string => (text.length > longestPlain ? `h128:${hashHex(text)}` : text);

function readRich(rich: RichText): Canonical {
  if (rich.format === 'text') return shorten(squeeze(rich.text));
  const { text, emphasis } = writeText(parseSanitized(toHtml(rich).text));
  const words = shorten(squeeze(text));
  return emphasis.length === 0 ? words : `${words}${emphasisMark}${hashHex(emphasis.join(' ')).slice(0, 12)}`;
}

function canonicalRich(rich: RichText): Canonical {
  if (rich.text === '') return '';
  if (rich.text.length > maxRememberedChars) return readRich(rich);
  const key = `${rich.format}:${rich.text}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const canonical = readRich(rich);
  if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value as string);
  remembered.set(key, canonical);
  return canonical;
}

const canonicalPerson = (person: Principal): Canonical =>
  (person.email ?? person.id).trim().toLowerCase() || person.id;

/** The id of the choice that a plain text names, by id first, then by name; the text itself when there is none. */
function choiceId(text: string, description: FieldDescription | undefined): string {
  const choices = description?.choices;
  if (choices === undefined || choices.length === 0) return text;
  if (choices.some((choice) => choice.id === text)) return text;
  const wanted = text.trim().toLowerCase();
  return choices.find((choice) => choice.name.toLowerCase() === wanted)?.id ?? text;
}

/**
 * A value as a text that is equal exactly when people would call the values equal: `''` and null are the same, rich
 * text counts by words, lists, links, images and emphasis whatever its format, choices by id, people by e-mail
 * (else id), times by millisecond, word sets without order or case. The kind is not part of it, so that the choice
 * `Active` equals the text `Active`.
 */
export function canonical(value: FieldValue, description?: FieldDescription): Canonical {
  if (value === null) return '';
  switch (typeof value) {
    case 'string':
      return shorten(squeezeString(choiceId(value, description)));
    case 'number':
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
  }
  switch (value.kind) {
    case 'rich':
      return canonicalRich(value);
    case 'choice':
      return shorten(value.id);
    case 'principal':
      return canonicalPerson(value);
    case 'instant': {
      const ms = Date.parse(value.at);
      return Number.isNaN(ms) ? value.at : new Date(ms).toISOString();
    }
    case 'day':
      return value.on;
    case 'words':
      return shorten(
        [...new Set(value.words.map((word) => word.trim().toLowerCase()).filter((word) => word !== ''))]
          .sort()
          .join('\n'),
      );
  }
}

/** A plain text keeps its inner spaces: they are content in a title, not markup. */
const squeezeString = (text: string) => text.normalize('NFC').replace(/\r\n?/g, '\n').trim();

const wordsOf = (value: Canonical): string => {
  const end = value.indexOf(emphasisMark);
  return end === -1 ? value : value.slice(0, end);
};

/**
 * Whether two canonical values say the same: emphasis is left out, because one of the systems may hold plain text
 * only. Changes on one side are compared exactly (`===`), values of two sides with this.
 */
export const agree = (a: Canonical, b: Canonical): boolean => a === b || wordsOf(a) === wordsOf(b);
