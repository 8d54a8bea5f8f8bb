import { DateTime, IANAZone } from 'luxon';
import { convertRich, textToHtml, toText } from './markup/index.ts';
import type { FieldDescription, FieldValue, Principal, WordSet } from './record.ts';

/** A value in the shape that the receiving field wants, or why there is none. */
export type Made =
  | { ok: FieldValue; losses?: readonly string[]; cut?: boolean }
  /** Nothing to write, and not an error of the value: not read, or the row says leave it. */
  | { unmappable: string };

export interface DayRule {
  /** IANA zone. */
  zone: string;
  /** `HH:mm`. */
  timeOfDay: string;
}

/** Noon keeps the day in all zones from UTC-11 to UTC+11. */
export const defaultDayRule: DayRule = { zone: 'UTC', timeOfDay: '12:00' };

/** Short text for people and for fields that hold plain text. */
export function plainText(value: FieldValue): string {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  switch (value.kind) {
    case 'rich':
      return toText(value).text;
    case 'choice':
      return value.name ?? value.id;
    case 'principal':
      return value.name ?? value.email ?? value.login ?? value.id;
    case 'instant':
      return value.at;
    case 'day':
      return value.on;
    case 'words':
      return value.words.join('; ');
  }
}

/** Cuts at a word, with an ellipsis that counts. */
export function cutAtWord(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const room = text.slice(0, Math.max(0, maxLength - 1));
  // Not through the middle of a pair of surrogates.
  const whole = /[\ud800-\udbff]$/.test(room) ? room.slice(0, -1) : room;
  const lastSpace = text[whole.length] === ' ' ? whole.length : whole.lastIndexOf(' ');
  const cut = lastSpace > maxLength / 2 ? whole.slice(0, lastSpace) : whole;
  return `${cut.trimEnd()}…`;
}

function toPlainString(value: FieldValue, target: FieldDescription): Made {
  const isRich = value !== null && typeof value === 'object' && value.kind === 'rich';
  const losses = isRich ? toText(value).losses : undefined;
  const text = plainText(value)
    .replace(/\s*\n\s*/g, ' ')
    .trim();
  const cut = cutAtWord(text, target.maxLength ?? Number.POSITIVE_INFINITY);
  return { ok: cut, losses, cut: cut !== text };
}

function toRich(value: FieldValue, target: FieldDescription): Made {
  const rich =
    value !== null && typeof value === 'object' && value.kind === 'rich'
      ? convertRich(value, 'html')
      : {
          value: { kind: 'rich' as const, format: 'html' as const, text: textToHtml(plainText(value)) },
          losses: [],
        };
  // Cut markup loses more than its end, so a text that is too long is refused as a whole.
  if (target.maxLength !== undefined && rich.value.text.length > target.maxLength) {
    return {
      unmappable: `The text has ${rich.value.text.length} characters, the field holds ${target.maxLength}`,
    };
  }
  return { ok: rich.value, losses: rich.losses };
}

function toNumber(value: FieldValue, whole: boolean): Made {
  const text = typeof value === 'object' && value?.kind === 'choice' ? value.id : plainText(value);
  const first = typeof value === 'number' ? value : parseNumber(text);
  const number = Number.isNaN(first) && typeof value === 'object' ? parseNumber(plainText(value)) : first;
  if (!Number.isFinite(number)) return { unmappable: `"${plainText(value).slice(0, 60)}" is not a number` };
  if (whole && !Number.isInteger(number)) return { unmappable: `${number} is not a whole number` };
  return { ok: number };
}

/** Digits with an optional point or comma as decimal sign. Thousands are not guessed: 1,234 could be either. */
function parseNumber(text: string): number {
  const trimmed = text.trim();
  return /^[+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?$/i.test(trimmed)
    ? Number(trimmed.replace(',', '.'))
    : Number.NaN;
}

const yes = new Set(['true', 'yes', '1', 'on']);
const no = new Set(['false', 'no', '0', 'off']);

function toBoolean(value: FieldValue): Made {
  if (typeof value === 'boolean') return { ok: value };
  const word = plainText(value).trim().toLowerCase();
  if (yes.has(word)) return { ok: true };
  if (no.has(word)) return { ok: false };
  return { unmappable: `"${word.slice(0, 60)}" is neither yes nor no` };
}

export function toChoice(value: FieldValue, target: FieldDescription): Made {
  const { choices } = target;
  const id = typeof value === 'object' && value?.kind === 'choice' ? value.id : plainText(value);
  const name = plainText(value);
  // A choice from the other system has its own ids: there the name says more than an id that happens to be equal.
  if (choices === undefined || choices.length === 0) return { ok: { kind: 'choice', id, name } };
  const lower = name.trim().toLowerCase();
  const found =
    choices.find((choice) => choice.id === id && choice.name === name) ??
    choices.find((choice) => choice.name.toLowerCase() === lower) ??
    choices.find((choice) => choice.id === id) ??
    choices.find((choice) => choice.id.toLowerCase() === lower);
  if (found === undefined) return { unmappable: `${target.name} has no choice "${name.slice(0, 60)}"` };
  return { ok: { kind: 'choice', id: found.id, name: found.name } };
}

function toPrincipal(value: FieldValue): Made {
  if (typeof value === 'object' && value?.kind === 'principal') return { ok: value };
  const text = plainText(value).trim();
  const principal: Principal = { kind: 'principal', id: text, name: text };
  return { ok: text.includes('@') ? { ...principal, email: text } : principal };
}

function toWords(value: FieldValue): WordSet {
  if (typeof value === 'object' && value?.kind === 'words') return value;
  const words = plainText(value)
    .split(/[;,\n]/)
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return { kind: 'words', words: [...new Set(words)] };
}

/** A time in a zone. Throws nothing: a zone that does not exist makes the value unmappable. */
export function toInstant(value: FieldValue, rule: DayRule): Made {
  if (typeof value === 'object' && value?.kind === 'instant') return { ok: value };
  if (!IANAZone.isValidZone(rule.zone)) return { unmappable: `There is no time zone "${rule.zone}"` };
  const text = plainText(value).trim();
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const time = DateTime.fromISO(isDay ? `${text}T${rule.timeOfDay}` : text, { zone: rule.zone });
  const at = time.toUTC().toISO();
  return time.isValid && at !== null
    ? { ok: { kind: 'instant', at } }
    : { unmappable: `"${text.slice(0, 60)}" is no time` };
}

export function toDay(value: FieldValue, rule: DayRule): Made {
  if (typeof value === 'object' && value?.kind === 'day') return { ok: value };
  if (!IANAZone.isValidZone(rule.zone)) return { unmappable: `There is no time zone "${rule.zone}"` };
  const text = plainText(value).trim();
  if (/^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text).isValid)
    return { ok: { kind: 'day', on: text } };
  const time = DateTime.fromISO(text, { zone: rule.zone });
  const on = time.toISODate();
  return time.isValid && on !== null
    ? { ok: { kind: 'day', on } }
    : { unmappable: `"${text.slice(0, 60)}" is no date` };
}

/** Brings a value into the type of the field that receives it. Without a description it stays as it is. */
export function convert(
  value: FieldValue,
  target: FieldDescription | undefined,
  rule = defaultDayRule,
): Made {
  if (target === undefined || value === null) return { ok: value };
  if (target.type !== 'rich' && value !== '' && plainText(value).trim() === '') return { ok: null };
  if (value === '') return { ok: target.type === 'string' ? '' : null };
  switch (target.type) {
    case 'string':
    case 'url':
    case 'tree':
      return toPlainString(value, target);
    case 'rich':
      return toRich(value, target);
    case 'integer':
      return toNumber(value, true);
    case 'number':
      return toNumber(value, false);
    case 'boolean':
      return toBoolean(value);
    case 'instant':
      return toInstant(value, rule);
    case 'day':
      return toDay(value, rule);
    case 'choice':
    case 'status':
      return toChoice(value, target);
    case 'principal':
      return toPrincipal(value);
    case 'words':
      return { ok: toWords(value) };
  }
}
