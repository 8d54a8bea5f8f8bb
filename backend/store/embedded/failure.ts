/** Why the embedded store could not be brought up. The message always names what the operator can do. */
export type EmbeddedStoreFault =
  | 'noBinaries'
  | 'versionMismatch'
  | 'wrongOwner'
  | 'unsuitableDisk'
  | 'storeMissing'
  | 'initFailed'
  | 'startFailed'
  | 'stopFailed';

export class EmbeddedStoreError extends Error {
  readonly fault: EmbeddedStoreFault;

  constructor(fault: EmbeddedStoreFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EmbeddedStoreError';
    this.fault = fault;
  }
}

/** The `code` of a Node.js or PostgreSQL error (`ENOENT`, `57P03`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
