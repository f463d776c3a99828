import { type Logger, pino } from 'pino'
import type { Failure } from '../lib/errors.ts'
import type { LogFields, NodeLog } from '../node/node-log.ts'
import { openLogFile } from './log-file.ts'
import type { LogLevel } from './options.ts'

/** The node's log on the disk. */
export interface NodeLogger extends NodeLog {
  /** Writes what is still in memory, at once: for the last words of a process. */
  flush(): void
  close(): Promise<void>
}

/**
 * Appends to a file that only its owner can read: one JSON object per line, with the event's name as `msg`. Throws if the file cannot be
 * opened.
 */
export const fileLogger = (path: string, level: LogLevel): NodeLogger => {
  const file = openLogFile(path)
  return { ...logMethods(pino({ level, base: null }, file)), flush: file.flush, close: file.close }
}

const logMethods = (logger: Logger): NodeLog => ({
  debug: (event, fields = {}) => logger.debug(fields, event),
  info: (event, fields = {}) => logger.info(fields, event),
  warn: (event, fields = {}) => logger.warn(fields, event),
  error: (event, fields = {}) => logger.error(fields, event),
})

/** The plain fields of a failure, for a log line. */
export const failureFields = (failure: Failure): LogFields =>
  Object.fromEntries(
    Object.entries(failure).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  )
