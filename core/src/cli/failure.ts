import { EXIT } from './io.ts'

/** Ends a command: what went wrong, what to do, and the exit code. */
export class CliFailure extends Error {
  readonly exitCode: number
  readonly code: string
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    exitCode: number,
    { code, message, hint, ...details }: { code: string; message: string; hint?: string; [detail: string]: unknown },
  ) {
    super(message)
    this.name = 'CliFailure'
    this.exitCode = exitCode
    this.code = code
    this.hint = hint
    this.details = details
  }

  /** The same failure with another message. */
  saying(message: string): CliFailure {
    const { exitCode, code, hint, details } = this
    return new CliFailure(exitCode, { ...details, code, message, ...(hint === undefined ? {} : { hint }) })
  }
}

export const usage = (message: string, hint?: string, field?: string): CliFailure =>
  new CliFailure(EXIT.usage, {
    code: 'usage',
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
  })
