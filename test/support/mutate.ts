/** Ways to break a JSON body: each takes good text and gives bytes that a careless reader would trip over. */
type Mutation = (text: string, random: () => number) => Buffer | string;

const values = [
  'null',
  'true',
  '0',
  '-1',
  '1e400',
  '123456789012345678901234567890',
  '1.5',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00x"',
  '"../../etc/passwd"',
  `"' OR 1=1 --"`,
  '[]',
  '{}',
  '[[[[]]]]',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  `"${'x'.repeat(5000)}"`,
  '"<script>alert(1)</script>"',
  '"\\u202e\\u200b"',
];

const pick = <T>(list: readonly T[], random: () => number): T =>
  list[Math.floor(random() * list.length)] as T;

/** Places of values in a JSON text: after a colon, up to what ends the value. */
const valuePattern = /:(\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)/g;

const replaceValue: Mutation = (text, random) => {
  const places = [...text.matchAll(valuePattern)];
  const place = pick(places, random);
  if (place?.index === undefined) return text;
  return `${text.slice(0, place.index)}:${pick(values, random)}${text.slice(place.index + place[0].length)}`;
};

const addProperty =
  (property: string): Mutation =>
  (text, random) => {
    const braces = [...text.matchAll(/\{/g)];
    const at = (pick(braces, random)?.index ?? 0) + 1;
    const isEmpty = text[at] === '}';
    return `${text.slice(0, at)}${property}${isEmpty ? '' : ','}${text.slice(at)}`;
  };

const mutations: readonly Mutation[] = [
  replaceValue,
  replaceValue,
  replaceValue,
  (text, random) => replaceValue(String(replaceValue(text, random)), random),
  addProperty('"__proto__":{"polluted":true}'),
  addProperty('"constructor":{"prototype":{"polluted":true}}'),
  addProperty('"toString":1,"hasOwnProperty":2'),
  addProperty('"eventType":"a","eventType":"b"'),
  addProperty(`"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  addProperty(`"open":${'{"a":'.repeat(500)}`),
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text, random) => text.slice(Math.floor(random() * text.length)),
  (text) => `\ufeff${text}`,
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text, random) => {
    const bytes = Buffer.from(text);
    for (let flips = 0; flips < 5; flips += 1) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    return bytes;
  },
  (text, random) => {
    const at = Math.floor(random() * text.length);
    return Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.alloc(3), Buffer.from(text.slice(at))]);
  },
  () => '',
  () => '[]',
  () => 'null',
  () => '"text"',
  (text) => `[${text},${text}]`,
  (text) => `${text}${text}`,
  (text) => text.replaceAll('"', "'"),
  (_text, random) => Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256))),
  (text) => text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()),
];

export const mutate: Mutation = (text, random) => pick(mutations, random)(text, random);
