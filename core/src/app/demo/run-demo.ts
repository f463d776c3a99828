import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Failure, FailureError } from '../../lib/errors.ts'
import { Cleanup } from '../cleanup.ts'
import type { DemoOptions } from '../options.ts'
import { type StopReason, stopRequest } from '../stop-request.ts'
import { tellFailure } from '../tell-failure.ts'
import { stdoutTerminal, type Terminal } from '../terminal.ts'
import { type DemoOutcome, demonstrate } from './demonstrate.ts'

const TIME_LIMIT_SECONDS = 60
const STOPPED = 130

/** Runs the whole demonstration in a folder of its own. Resolves to 0 only if every balance matched. */
export const runDemo = async ({ data, json }: DemoOptions): Promise<number> => {
  const folder = data ?? mkdtempSync(join(tmpdir(), 'fulgurite-demo-'))
  mkdirSync(folder, { recursive: true })
  const cleanup = new Cleanup()
  const stop = stopRequest(() => {})
  const terminal = json ? quiet : stdoutTerminal()
  const done = demonstrate(folder, cleanup, terminal).then(
    (outcome) => ({ outcome }),
    (error: unknown) => ({ failure: failureOf(error) }),
  )
  let cancel = (): void => {}
  const tooLate = new Promise<{ readonly failure: Failure }>((resolve) => {
    const failure = { code: 'took-too-long', what: 'the demonstration', seconds: TIME_LIMIT_SECONDS }
    const timer = setTimeout(() => resolve({ failure }), TIME_LIMIT_SECONDS * 1000)
    cancel = () => clearTimeout(timer)
  })
  const ended = await Promise.race([done, tooLate, stop.asked])
  cancel()
  await cleanup.run()
  stop.release()
  const exitCode = tell(ended, json)
  // If something went wrong, the logs are kept.
  if (data === undefined && exitCode !== 1) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  else if (!json) terminal.line(terminal.dim(`Everything is still in ${folder}`))
  return exitCode
}

type Ended = { readonly outcome: DemoOutcome } | { readonly failure: Failure } | StopReason

const tell = (ended: Ended, json: boolean): number => {
  if (typeof ended === 'string') return STOPPED
  if ('failure' in ended) return tellFailure(ended.failure, json)
  const { outcome } = ended
  if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`)
  return outcome.balancesMatch && outcome.paymentsFailed === 0 && outcome.pluginActions > 0 ? 0 : 1
}

const quiet: Terminal = {
  line() {},
  dim: String,
  bold: String,
  green: String,
  red: String,
  yellow: String,
  cyan: String,
}

const failureOf = (error: unknown): Failure => {
  if (error instanceof FailureError) return error.failure
  throw error
}
