import type { Failure } from '../lib/errors.ts'
import { explain } from './start-failure.ts'

/** Says why nothing was started and what to do, and answers with the exit code. */
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
