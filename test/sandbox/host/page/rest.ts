import type { PageData } from '../page-data.ts';

/** An answer of the service other than 2xx, with the sentence that it gave. */
export class ServiceError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Rest = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** The simulated service as the signed-in user; `path` starts below the organisation. */
export function createRest({ organization, user }: PageData): Rest {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const isPatch = Array.isArray(body) && /workitems/i.test(path);
    const separator = path.includes('?') ? '&' : '?';
    const version = path.includes('api-version') ? '' : `${separator}api-version=7.1`;
    const response = await fetch(`${organization.apiUrl}/${path}${version}`, {
      method,
      headers: {
        authorization: `Bearer ${user.accessToken}`,
        accept: 'application/json',
        'x-tfs-fedauthredirect': 'Suppress',
        'x-sandbox-page': '1',
        ...(body !== undefined && {
          'content-type': isPatch ? 'application/json-patch+json' : 'application/json',
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
    throw new ServiceError(response.status, messageOf(text) ?? `The service answered ${response.status}.`);
  };
}

function messageOf(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  const { message, value } = JSON.parse(text) as { message?: string; value?: { Message?: string } };
  return message ?? value?.Message;
}
