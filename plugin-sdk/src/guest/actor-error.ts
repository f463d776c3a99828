/**
 * What a refused or failed ask rejects with. `code` is stable: the operation's own codes, or a common one such as
 * `not-granted`, `out-of-bounds`, `key-required`, `rate-limited`, `timed-out`, `outcome-unknown`.
 */
export class ActorError extends Error {
  readonly code: string
  /** The request's field at fault. */
  readonly field: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, field?: string, details: Readonly<Record<string, unknown>> = {}) {
    super(`${code}: ${message}`)
    this.name = 'ActorError'
    this.code = code
    this.field = field
    this.details = details
  }
}
