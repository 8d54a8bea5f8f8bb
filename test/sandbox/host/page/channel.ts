import { fromWire, type ProxyFunctions, toWire } from './serialize.ts';

interface Message {
  id: number;
  methodName?: string;
  instanceId?: string;
  params?: unknown;
  result?: unknown;
  error?: unknown;
  handshakeToken?: string;
  serializationSettings?: { includeUnderscoreProperties?: boolean };
}

type Callable = (...args: unknown[]) => unknown;

let nextChannelId = 1;

/** The host's end of the conversation with one extension frame: JSON text over postMessage, calls both ways. */
export class Channel {
  readonly #window: Window;
  readonly #origin: string;
  readonly #objects: Map<string, object>;
  readonly #id = nextChannelId++;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>();
  readonly #kept = new Map<string, Callable>();
  readonly #stop = new AbortController();
  readonly #proxies: ProxyFunctions = {
    keep: (call) => {
      const id = ++this.#nextProxy;
      this.#kept.set(`proxy${id}`, call);
      return id;
    },
    call: (id, args) => this.#request(`proxy${id}`, '__proxyFunctions', args, true),
  };
  #nextMessage = 1;
  #nextProxy = 0;

  /** @param origin of the frame, or `null` as a word for a sandboxed one, whose origin nobody can name. */
  constructor(frame: Window, origin: string, objects: Map<string, object>) {
    this.#window = frame;
    this.#origin = origin;
    this.#objects = objects;
    window.addEventListener('message', (event) => this.#receive(event), { signal: this.#stop.signal });
  }

  /**
   * Calls a method of an object that the page registered.
   *
   * @throws what the page threw, as a plain object; an Error when the object is not registered (yet).
   */
  invoke(instanceId: string, methodName: string, params: unknown[]): Promise<unknown> {
    return this.#request(methodName, instanceId, params, false);
  }

  close(): void {
    this.#stop.abort();
    for (const { reject } of this.#waiting.values()) reject(new Error('The frame was closed.'));
    this.#waiting.clear();
  }

  #request(
    methodName: string,
    instanceId: string,
    params: unknown[],
    underscores: boolean,
  ): Promise<unknown> {
    const id = this.#nextMessage++;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send({
      id,
      methodName,
      instanceId,
      params: toWire(params, this.#proxies, this.#id, underscores),
      ...(underscores && { serializationSettings: { includeUnderscoreProperties: true } }),
    });
    return answer;
  }

  #send(message: Message): void {
    this.#window.postMessage(JSON.stringify(message), this.#origin === 'null' ? '*' : this.#origin);
  }

  #receive(event: MessageEvent): void {
    if (event.source !== this.#window || event.origin !== this.#origin || typeof event.data !== 'string')
      return;
    const message = JSON.parse(event.data) as Message;
    if (message.instanceId === undefined) this.#settle(message);
    else void this.#answer(message as Message & { instanceId: string });
  }

  #settle({ id, result, error }: Message): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(fromWire(result, this.#proxies));
    else waiting?.reject(fromWire(error, this.#proxies));
  }

  async #answer({
    id,
    instanceId,
    methodName,
    params,
    handshakeToken,
    serializationSettings,
  }: Message & { instanceId: string }) {
    // The token proves to the page that the answer to its first message comes from the host.
    const token = handshakeToken === undefined ? {} : { handshakeToken };
    const underscores = serializationSettings?.includeUnderscoreProperties ?? false;
    try {
      const args = fromWire(params ?? [], this.#proxies) as unknown[];
      const result = await this.#find(instanceId, methodName)(...args);
      this.#send({ id, result: toWire(result, this.#proxies, this.#id, underscores), ...token });
    } catch (error) {
      this.#send({ id, error: toWire(error, this.#proxies, this.#id, underscores), ...token });
    }
  }

  #find(instanceId: string, methodName: string | undefined): Callable {
    if (instanceId === '__proxyFunctions') {
      const kept = this.#kept.get(methodName ?? '');
      if (kept === undefined) throw new Error(`RPC method not found: ${methodName}`);
      return kept;
    }
    const registered = this.#objects.get(instanceId) as Record<string, unknown> | undefined;
    if (registered === undefined) throw new Error(`The registered object ${instanceId} could not be found.`);
    // An empty name asks for the object itself.
    if (!methodName) return () => registered;
    const method = registered[methodName];
    if (typeof method !== 'function') throw new Error(`RPC method not found: ${methodName}`);
    return method.bind(registered) as Callable;
  }
}
