import { type DestinationStream, destination, type Logger, pino } from 'pino'
import type { Failure } from '../lib/errors.ts'
import type { LogFields, NodeLog } from '../node/node-log.ts'
import type { LogLevel } from './options.ts'

/** The node's log on the disk. */
export interface NodeLogger extends NodeLog {
  /** Writes what is still in memory, at once: for the last words of a process. */
  flush(): void
  close(): void
}

const BUFFERED_BYTES = 4_096
const FLUSH_EVERY_MS = 1_000

/** Appends to a file that only its owner reads: one JSON object a line, the event's name as `msg`. */
export const fileLogger = (path: string, level: LogLevel): NodeLogger => {
  const file = destination({ dest: path, mode: 0o600, sync: false, minLength: BUFFERED_BYTES })
  // A full disk must not end the node by its log: the database tells when that matters.
  file.on('error', () => {})
  const logger = pino({ level, base: null }, file as DestinationStream)
  const timer = setInterval(() => file.flush(), FLUSH_EVERY_MS)
  timer.unref()
  const flush = (): void => {
    try {
      file.flushSync()
    } catch {
      // Not open yet, or closed already: nothing can be kept.
    }
  }
  return {
    ...logMethods(logger),
    flush,
    close() {
      clearInterval(timer)
      flush()
      file.end()
    },
  }
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
