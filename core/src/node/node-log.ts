/** Fields of a log line. Secrets never go in; what peers chose goes in as printable text or hexadecimal only. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Where the node's rooms write their log. The composition root joins it to the logging library. */
export interface NodeLog {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** For tests and tools that want quiet. */
export const silentLog: NodeLog = { debug() {}, info() {}, warn() {}, error() {} }
