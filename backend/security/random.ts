import { randomBytes } from 'node:crypto';

/** 128 bits as 22 letters, digits, `-` and `_`: cannot be guessed, fits into a path. */
export const randomId = (): string => randomBytes(16).toString('base64url');

/** 192 bits; without characters that forms or shells would need quoted. */
export const randomPassword = (): string => randomBytes(24).toString('base64url');
