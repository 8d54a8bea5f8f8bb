import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressGuard, AddressRefused } from './address-guard.ts';

export interface GuardedConnectOptions {
  connectTimeoutMs: number;
  /** Certificates of authorities beside those that Node knows, PEM. */
  certificateAuthorities?: readonly string[];
}

const noAddress = (hostname: string) =>
  Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });

/**
 * Opens sockets for undici so that the address that was checked is the address that is connected to. A `lookup`
 * alone is not enough: Node does not call it for literal addresses; so these are checked before, and what the socket
 * is connected to is checked once more after.
 */
export const guardedConnect = (
  guard: AddressGuard,
  options: GuardedConnectOptions,
): buildConnector.connector => {
  const lookupFor =
    (port: number): LookupFunction =>
    (hostname, lookupOptions, callback) => {
      guard.resolve(hostname, port).then(
        (addresses) => {
          const found = addresses.map((address) => ({ address, family: isIP(address) }));
          const [first] = found;
          if (!first) callback(noAddress(hostname), '');
          else if (lookupOptions.all) callback(null, found);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, ''),
      );
    };
  const connectors = new Map<number, buildConnector.connector>();
  const connectorFor = (port: number) => {
    const known = connectors.get(port);
    if (known) return known;
    const made = buildConnector({
      timeout: options.connectTimeoutMs,
      lookup: lookupFor(port),
      autoSelectFamily: true,
      minVersion: 'TLSv1.2',
      ...(options.certificateAuthorities && { ca: [...options.certificateAuthorities] }),
    } as buildConnector.BuildOptions);
    connectors.set(port, made);
    return made;
  };
  return (target, callback) => {
    const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80));
    const host = target.hostname.replace(/^\[|\]$/g, '');
    try {
      if (isIP(host)) guard.checkAddress(host, port);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    connectorFor(port)({ ...target, hostname: host }, (error, socket) => {
      if (error) {
        callback(error, null);
        return;
      }
      try {
        guard.checkAddress(socket?.remoteAddress ?? '', port);
        callback(null, socket as NonNullable<typeof socket>);
      } catch (refused) {
        socket?.destroy();
        callback(refused instanceof AddressRefused ? refused : (refused as Error), null);
      }
    });
  };
};
