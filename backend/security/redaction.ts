/** Names of fields whose values are never shown. Compared without case, dashes and underscores. */
const secretNames =
  /^(.*(password|passwd|passphrase|secret|apikey|accesskey|privatekey|credential).*|pat|.*token|authorization|proxyauthorization|cookie|setcookie|sessionid|signature|assertion|masterkey)$/;

const harmlessNames = new Set(['continuationtoken', 'requestkey', 'nexttoken', 'pagetoken']);

export const isSecretName = (name: string): boolean => {
  const plain = name.toLowerCase().replace(/[-_\s.]/g, '');
  return secretNames.test(plain) && !harmlessNames.has(plain);
};

export const redacted = '[secret]';

/**
 * What looks like a credential wherever it stands: JWTs, bearer and basic headers, user info in addresses. These
 * run over bodies that strangers sent, so a repetition is bounded or can start only where its characters begin: a
 * megabyte of `-eyJ-eyJ` took 4 s otherwise. A text without what each match has `within` it is not searched.
 */
const credentialShapes: readonly { shape: RegExp; within: string; instead: string }[] = [
  { within: 'eyJ', shape: /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*){1,3}/g, instead: redacted },
  { within: '', shape: /\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, instead: `$1 ${redacted}` },
  { within: 't1.', shape: /\bt1\.[\w-]{1,20}\.[\w-]{40,}/g, instead: redacted },
  {
    within: '://',
    shape: /\b(\w{1,20}:\/\/)[^\s/:@]{1,200}:[^\s/@]{1,500}@/g,
    instead: `$1${redacted}@`,
  },
  {
    within: '=',
    shape: /\b((?:password|passwd|secret|api[-_]?key|access_token|refresh_token|client_secret)=)[^&\s"']+/gi,
    instead: `$1${redacted}`,
  },
];

/**
 * `"password": "…"` in JSON, also in JSON that is quoted within JSON, and when the text ends within the value. Nothing
 * after a repetition can fail, so neither goes back over what it has read.
 */
const namedValues = [
  /("([^"\\]{1,60})"\s{0,8}:\s{0,8}")(?:[^"\\]|\\[\s\S])*/g,
  /(\\"([^"\\]{1,60})\\"\s{0,8}:\s{0,8}\\")(?:[^"\\]|\\[^"])*/g,
];

const withoutNamedValues = (text: string): string => {
  if (!text.includes('"')) return text;
  let output = text;
  for (const pattern of namedValues) {
    output = output.replace(pattern, (whole: string, lead: string, name: string) =>
      isSecretName(name) ? `${lead}${redacted}` : whole,
    );
  }
  return output;
};

/** Shorter values would blacken half of every text. */
const minSecretLength = 6;
/** Values kept; a backend with more connections forgets the oldest, and names and shapes still hold. */
const maxRegistered = 2000;

export interface KnownValues {
  /** Registers a secret: from now on it is taken out of every text, also as base64, in an address or in JSON. */
  add(secret: string): void;
  text(text: string): string;
}

export interface Redactor extends KnownValues {
  /** A copy without the values of secret names and with all texts cleaned; at most `maxDepth` deep. */
  value(value: unknown): unknown;
}

const maxDepth = 12;

/** Forms in which a secret turns up in headers, addresses and bodies. */
const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
  ];
  forms.push(encodeURIComponent(secret).replaceAll('%20', '+'));
  // Within a longer text, like `user:secret`, base64 depends on the position modulo 3; the edges mix with neighbours
  // and are left out.
  for (const lead of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const core = encoded.slice(lead === 0 ? 0 : lead + 1, (bytes.length + lead) % 3 === 0 ? undefined : -1);
    forms.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...new Set(forms)].filter((form) => form.length >= minSecretLength);
};

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Takes out values that it was told, and nothing else. Remembers the `max` that were told last. */
export const createKnownValues = (max = maxRegistered): KnownValues => {
  const registered = new Map<string, readonly string[]>();
  let pattern: RegExp | undefined;
  let stale = false;

  const currentPattern = () => {
    if (!stale) return pattern;
    // Longest first, so that a secret that contains another goes as a whole.
    const forms = [...registered.values()].flat().sort((a, b) => b.length - a.length);
    pattern = forms.length > 0 ? new RegExp(forms.map(literal).join('|'), 'g') : undefined;
    stale = false;
    return pattern;
  };

  return {
    add(secret) {
      if (secret.length < minSecretLength) return;
      const known = registered.get(secret);
      // Told again is told last: what is in use is not forgotten for what is not.
      if (known !== undefined) {
        registered.delete(secret);
        registered.set(secret, known);
        return;
      }
      const [oldest] = registered.keys();
      if (registered.size >= max && oldest !== undefined) registered.delete(oldest);
      registered.set(secret, formsOf(secret));
      stale = true;
    },
    text(input) {
      const known = currentPattern();
      return known ? input.replace(known, redacted) : input;
    },
  };
};

export const createRedactor = (): Redactor => {
  const known = createKnownValues();

  const text = (input: string): string => {
    let output = withoutNamedValues(known.text(input));
    for (const { shape, within, instead } of credentialShapes) {
      if (output.includes(within)) output = output.replace(shape, instead);
    }
    return output;
  };

  const value = (input: unknown, depth = 0): unknown => {
    if (typeof input === 'string') return text(input);
    if (typeof input !== 'object' || input === null) return input;
    if (depth >= maxDepth) return '[deeper]';
    if (input instanceof Date) return input;
    if (Buffer.isBuffer(input)) return `[${input.length} bytes]`;
    if (Array.isArray(input)) return input.map((entry) => value(entry, depth + 1));
    if (input instanceof Error) return describeError(input, text);
    const copy: Record<string, unknown> = {};
    for (const [name, entry] of Object.entries(input)) {
      const hide = isSecretName(name) && entry !== null && entry !== undefined && typeof entry !== 'boolean';
      // `defineProperty`, because assigning `__proto__` would do something else.
      Object.defineProperty(copy, name, {
        value: hide ? redacted : value(entry, depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return copy;
  };

  return { add: known.add, text, value: (input) => value(input) };
};

const describeError = (error: Error, clean: (text: string) => string) => {
  const { code, kind } = error as { code?: unknown; kind?: unknown };
  return {
    type: error.name,
    message: clean(error.message),
    stack: clean(error.stack ?? ''),
    ...(typeof code === 'string' && { code }),
    ...(typeof kind === 'string' && { kind }),
  };
};
