/**
 * The one route that no session guards: a window of the browser can send no header, so the address itself is the proof.
 * It stands apart from `routes`, whose answers are JSON.
 */
export const downloadRoute = {
  method: 'GET',
  path: '/api/downloads/:token',
  summary: 'The bytes of a file of a ticket',
  description:
    'The address comes from openAttachment, opens this one file and holds for a minute, for whoever has it. It ends early with the sessions of the organisation and with the link. Ranges are not served: the file is passed through as the other system sends it, and is broken off when that one breaks off.',
  /** Always the same: what strangers attached is saved by the browser, never shown or run. */
  headers: {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; with the name of the file',
    'accept-ranges': 'none',
  },
} as const;
