import type { Failure } from '../lib/errors.ts'
import { explain } from './start-failure.ts'

/** Prints what the operator should know about a node that runs all the same. */
export const tellWarnings = (warnings: readonly string[]): void => {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
}

/** Prints why nothing was started and what to do, and returns the exit code. */
export const tellFailure = (failure: Failure, json: boolean): number => {
  const { message, fix, exitCode } = explain(failure)
  if (json) {
    const { code, ...details } = failure
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint: fix, ...details } })}\n`)
  } else {
    process.stderr.write(`error: ${message} [${failure.code}]\n${fix}\n`)
  }
  return exitCode
}
