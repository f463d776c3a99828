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
