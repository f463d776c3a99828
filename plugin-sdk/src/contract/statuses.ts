/** What is answered to a request that cannot be read, by what is wrong with it. The code is `invalid-request`. */
export const UNREADABLE = {
  malformed: 400,
  'too-slow': 408,
  'too-large': 413,
  'not-json': 415,
  'headers-too-large': 431,
} as const

/** The most bytes that the body of a request may have. */
export const MAX_REQUEST_BYTES = 256 * 1024

const statuses: Readonly<Record<string, number>> = {
  'invalid-request': 400,
  'key-required': 400,
  'cursor-invalid': 400,
  unauthorized: 401,
  'not-granted': 403,
  'unknown-operation': 404,
  'idempotency-mismatch': 409,
  'cursor-expired': 410,
  'payment-archived': 410,
  'rate-limited': 429,
  internal: 500,
  'not-supported': 501,
  'mailbox-full': 503,
  'not-ready': 503,
  'timed-out': 504,
  'outcome-unknown': 504,
}

/** The HTTP status of an error code. A well-formed request that the node cannot or will not do is 422. */
export const statusOf = (code: string): number => {
  if (Object.hasOwn(statuses, code)) return statuses[code] ?? 500
  if (code.endsWith('-not-found')) return 404
  if (code.startsWith('already-') || code.endsWith('-in-flight')) return 409
  return 422
}
