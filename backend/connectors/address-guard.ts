import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

/** The operator did not allow this address. The message names no address that was found behind a name. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';
  /** What exactly was wrong, for the operator's log only: it may tell about the inner network. */
  readonly finding: string;

  constructor(message: string, finding: string) {
    super(message);
    this.name = 'AddressRefused';
    this.finding = finding;
  }
}

export interface AddressGuardOptions {
  /** CIDR ranges that may be connected to although they are not public: `10.0.0.0/8`, `fd00::/8`. */
  allowPrivate?: readonly string[];
  /** Whether `http:` may be used beside `https:`. */
  allowHttp?: boolean;
  /** Port on which this backend listens: it never connects to itself on it. */
  ownPort?: number;
  /** All addresses of a name; for tests. Default: the operating system's resolver. */
  resolve?: (hostname: string) => Promise<readonly string[]>;
}

export interface AddressGuard {
  /** Scheme, user info, port and literal address. Throws `AddressRefused`. Resolves no name. */
  checkUrl(url: string | URL): URL;
  /** Throws `AddressRefused`. `address` is a literal as the operating system writes it. */
  checkAddress(address: string, port: number): void;
  /** Addresses of the host, every one of them checked: one bad address refuses the name. */
  resolve(hostname: string, port: number): Promise<readonly string[]>;
}

const refusal = 'The operator of the backend does not allow this address';

/** Answer with credentials of the machine to anyone who asks; never allowed, whatever ranges are. */
const metadataAddresses = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

/** Services that speak other protocols but can be confused by HTTP; above 1023, as all below but 80 and 443 are closed. */
const refusedPorts = new Set([
  1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5433, 5672, 5900, 5984, 6000, 6379, 6443,
  6665, 6666, 6667, 6668, 6669, 6697, 7001, 8086, 9042, 9092, 9200, 9300, 10250, 11211, 27017, 27018,
]);

type Range = ReturnType<typeof ipaddr.parseCIDR>;
type Address = ReturnType<typeof ipaddr.parse>;

const isWithin = (address: Address, [network, bits]: Range) =>
  address.kind() === network.kind() && address.match([network, bits] as never);

/** `::/96` held IPv4 addresses once; some stacks still connect to them. */
const isIpv4Compatible = (address: Address) =>
  address.kind() === 'ipv6' &&
  address
    .toByteArray()
    .slice(0, 12)
    .every((byte) => byte === 0);

const isPublic = (address: Address) => address.range() === 'unicast' && !isIpv4Compatible(address);

const withoutBrackets = (hostname: string) => hostname.replace(/^\[|\]$/g, '');

const ownAddresses = () =>
  new Set(
    Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).map((entry) => ipaddr.process(entry.address).toString()),
    ),
  );

const resolveBySystem = async (hostname: string) =>
  (await lookup(hostname, { all: true, verbatim: true })).map((entry) => entry.address);

/**
 * Decides which addresses typed by an admin, or found in answers, may be connected to. Deny by default: everything
 * that is not public unicast, unless the operator listed its range.
 */
export const createAddressGuard = (options: AddressGuardOptions = {}): AddressGuard => {
  const allowed = (options.allowPrivate ?? []).map((cidr) => ipaddr.parseCIDR(cidr));
  const resolveName = options.resolve ?? resolveBySystem;

  const checkPort = (port: number) => {
    const closed = (port < 1024 && port !== 80 && port !== 443) || refusedPorts.has(port);
    if (closed) throw new AddressRefused(`${refusal}: port ${port} is not for web services`, `port ${port}`);
  };

  const checkAddress = (literal: string, port: number) => {
    checkPort(port);
    // A zone (`fe80::1%eth0`) names a link of this machine; nothing public has one.
    if (!ipaddr.isValid(literal) || literal.includes('%')) {
      throw new AddressRefused(refusal, `not an address: ${literal}`);
    }
    const address = ipaddr.process(literal);
    const text = address.toString();
    if (metadataAddresses.has(text)) throw new AddressRefused(refusal, `${text} is a metadata service`);
    const isOwn = port === options.ownPort && (address.range() === 'loopback' || ownAddresses().has(text));
    if (isOwn) throw new AddressRefused(refusal, `${text}:${port} is this backend`);
    if (!isPublic(address) && !allowed.some((range) => isWithin(address, range))) {
      throw new AddressRefused(refusal, `${text} is ${address.range()}`);
    }
  };

  const checkUrl = (input: string | URL) => {
    const url = URL.canParse(`${input}`) ? new URL(input) : undefined;
    if (!url) throw new AddressRefused('This is not an address', 'not parseable');
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && options.allowHttp)) {
      throw new AddressRefused(`${refusal}: it must begin with https://`, `scheme ${url.protocol}`);
    }
    if (url.username || url.password) {
      throw new AddressRefused('An address must not contain a user name or password', 'user info');
    }
    const port = portOf(url);
    checkPort(port);
    const host = withoutBrackets(url.hostname);
    if (isIP(host)) checkAddress(host, port);
    return url;
  };

  const resolve = async (hostname: string, port: number) => {
    const host = withoutBrackets(hostname);
    const addresses = isIP(host) ? [host] : await resolveName(host);
    for (const address of addresses) checkAddress(address, port);
    return addresses;
  };

  return { checkUrl, checkAddress, resolve };
};

export const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80));
