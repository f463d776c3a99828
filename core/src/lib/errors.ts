/** An expected failure as data: a stable code, and what a reader needs to act on it. Secrets never go in. */
export interface Failure<Code extends string = string> {
  readonly code: Code
}

/** An expected failure carried where only an exception can travel (a rejected promise, a start that cannot go on). */
export class FailureError<F extends Failure = Failure> extends Error {
  readonly failure: F

  constructor(failure: F, message: string = failure.code) {
    super(message)
    this.name = 'FailureError'
    this.failure = failure
  }
}

/** Marks a branch that the types rule out. Reaching it is a bug. */
export const assertNever = (value: never, what = 'case'): never => {
  throw new Error(`unhandled ${what}: ${describe(value)}`)
}

/** Throws when something that the code relies on does not hold. It is a bug, never a peer's or an operator's fault. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`)
}

/** What was thrown, for a log. Anything can be thrown, even something that cannot be turned into text. */
export const stackOf = (thrown: unknown): string => {
  if (thrown instanceof Error) return thrown.stack ?? thrown.message
  return typeof thrown === 'object' || typeof thrown === 'function' ? `a thrown ${typeof thrown}` : String(thrown)
}

// Only the tag is shown: the value itself may hold a secret.
const describe = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return typeof value
  const { type, phase } = value as { type?: unknown; phase?: unknown }
  return String(type ?? phase ?? 'object')
}
