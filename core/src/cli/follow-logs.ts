import type { Operation, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { CliClient } from './cli-client.ts'
import type { CliIo } from './io.ts'
import { printableJson } from './printable.ts'
import { type ListStyle, renderRows } from './render.ts'

type Logs = ReplyOf<'plugins', 'logs'>

const PAUSE_MS = 500
const MOST_LINES = 500

interface LogOptions {
  readonly json: boolean
  /** Begins with the plugin's latest start, and leaves out what was logged before it. */
  readonly sinceStart?: boolean
  readonly style: ListStyle
}

/** Prints a plugin's log lines, and further ones as they come, until interrupted. */
export const followLogs = async (
  operation: Operation,
  request: Readonly<Record<string, unknown>>,
  client: CliClient,
  io: CliIo,
  options: LogOptions,
): Promise<void> => {
  const tail = logTail(operation, request, client, io, options)
  while (!io.interrupted.aborted) {
    await tail()
    await io.pause(PAUSE_MS)
  }
}

/** Prints, each time it is called, the lines that have come since the last call. */
export const logTail = (
  operation: Operation,
  request: Readonly<Record<string, unknown>>,
  client: CliClient,
  io: CliIo,
  { json, style, sinceStart = false }: LogOptions,
): (() => Promise<void>) => {
  let since: number | undefined
  let headed = false
  return async () => {
    const further = since === undefined ? {} : { since, page: { limit: MOST_LINES } }
    const reply = (await client.ask('plugins', 'logs', { ...request, ...further }, {})).body as Logs
    // The node has restarted meanwhile, and counts from the beginning again.
    const isAnew = since !== undefined && reply.latest < since
    since = isAnew ? 0 : reply.latest
    if (isAnew) return
    const items = sinceStart && further.since === undefined ? afterStart(reply.items) : reply.items
    if (json) for (const line of items.toReversed()) io.out(`${printableJson(JSON.stringify(line))}\n`)
    else if (items.length > 0) {
      if (further.since !== undefined && reply.next !== undefined) io.err('(lines that came too fast are left out)\n')
      io.out(renderRows(operation, items, io, { ...style, headless: headed }))
      headed = true
    }
  }
}

/** From lines with the newest first, those since the latest start. */
const afterStart = (items: Logs['items']): Logs['items'] => {
  const start = items.findIndex(({ source, text }) => source === 'host' && text.startsWith('starting '))
  return start < 0 ? items : items.slice(0, start + 1)
}
