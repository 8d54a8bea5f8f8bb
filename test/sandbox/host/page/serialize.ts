/**
 * Values as they cross the frame border: functions become proxies, dates and repeated objects are marked. Written from
 * what azure-devops-extension-sdk 5 sends and accepts; both ends must agree on every name here.
 */
export interface ProxyFunctions {
  /** Keeps a function so that the other side can call it, and returns its number. */
  keep(call: (...args: unknown[]) => unknown): number;
  /** Calls a function that the other side keeps. */
  call(id: number, args: unknown[]): Promise<unknown>;
}

type Plain = Record<string, unknown>;
const maxDepth = 100;

export function toWire(
  value: unknown,
  proxies: ProxyFunctions,
  channelId: number,
  underscores = false,
): unknown {
  const parents: { original: object; wire: Plain | unknown[] }[] = [];
  let nextReference = 1;
  const visit = (input: unknown, owner: unknown, depth: number): unknown => {
    if (typeof input === 'function') {
      const id = proxies.keep((...args) => input.apply(owner, args));
      return { __proxyFunctionId: id, _channelId: channelId };
    }
    if (typeof input !== 'object' || input === null) return input;
    if (input instanceof Date) return { __proxyDate: input.getTime() };
    if (input instanceof Node || input instanceof Event || depth > maxDepth) return undefined;
    const parent = parents.find(({ original }) => original === input);
    if (parent !== undefined) {
      const wire = parent.wire as Plain;
      wire.__circularReferenceId ??= nextReference++;
      return { __circularReference: wire.__circularReferenceId };
    }
    const wire: Plain | unknown[] = Array.isArray(input) ? [] : {};
    parents.push({ original: input, wire });
    for (const key of namesOf(input)) {
      if (key.startsWith('_') && !underscores) continue;
      const member = visit((input as Plain)[key], input, depth + 1);
      if (member !== undefined) (wire as Plain)[key] = member;
    }
    parents.pop();
    return wire;
  };
  // Errors carry their text on properties that are not enumerable.
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return visit(value, undefined, 1);
}

/** Own names and those of prototypes below Object, because services may be instances of classes. */
function namesOf(input: object): string[] {
  if (Array.isArray(input)) return Object.keys(input);
  const names = new Set<string>();
  for (
    let level: object | null = input;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const name of Object.getOwnPropertyNames(level)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}

export function fromWire(value: unknown, proxies: ProxyFunctions): unknown {
  const references = new Map<unknown, unknown>();
  const visit = (input: unknown): unknown => {
    if (typeof input !== 'object' || input === null) return input;
    const plain = input as Plain;
    if (typeof plain.__proxyFunctionId === 'number') {
      const id = plain.__proxyFunctionId;
      return (...args: unknown[]) => proxies.call(id, args);
    }
    if (typeof plain.__proxyDate === 'number') return new Date(plain.__proxyDate);
    if (plain.__circularReference !== undefined) return references.get(plain.__circularReference);
    if (plain.__circularReferenceId !== undefined) references.set(plain.__circularReferenceId, plain);
    delete plain.__circularReferenceId;
    for (const [key, member] of Object.entries(plain)) plain[key] = visit(member);
    return plain;
  };
  return visit(value);
}
