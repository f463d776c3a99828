import type { Writable } from 'node:stream'
import type { ContractError, Cursor } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import type { EncodedEvent, EventFilter, EventLogPort } from '../node/contract-gateway.ts'

const PAGE_ROWS = 500
const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for so long is cut off: it can come back with its cursor. */
const STALLED_MS = 60_000

/**
 * Writes events to one reader as server-sent events: what is stored after `from`, then what happens, without a gap and
 * without holding anything in memory for a slow reader. While the reader is behind, live events are only noted; they are
 * read from the log when the socket has room. Ephemeral events reach only a reader that keeps up.
 */
export const streamEvents = (
  log: EventLogPort,
  { from, filter, sink, clock }: { from: Cursor | undefined; filter: EventFilter; sink: Writable; clock: Clock },
): void => {
  let cursor = from ?? log.head()
  let live = false
  let missed = false
  let ended = false

  const end = (): void => {
    if (ended) return
    ended = true
    unsubscribe()
    cancelHeartbeat()
    cancelStalled()
    sink.end()
  }

  const onEvent = (event: EncodedEvent): void => {
    if (!live) {
      missed = true
      return
    }
    if (event.sequence > 0) cursor = event.cursor
    if (!sink.write(message(event))) fallBehind()
  }

  const fallBehind = (): void => {
    live = false
    watchStall(sink.writableLength)
    sink.once('drain', () => {
      cancelStalled()
      begin()
    })
  }

  /** A slow reader takes something in this time. */
  const watchStall = (unsentBytes: number): void => {
    cancelStalled = clock.setTimer(STALLED_MS, () => {
      if (sink.writableLength < unsentBytes) {
        watchStall(sink.writableLength)
        return
      }
      end()
      sink.destroy()
    })
  }

  const catchUp = async (): Promise<void> => {
    while (!ended) {
      missed = false
      const page = await log.replay(cursor, filter, PAGE_ROWS)
      if (ended) return
      if (!page.ok) {
        sink.write(failure(page.error))
        end()
        return
      }
      cursor = page.value.next
      const roomy = page.value.events.map((event) => sink.write(message(event))).every(Boolean)
      if (!roomy) {
        fallBehind()
        return
      }
      // Nothing was left to read, and nothing came while reading: from here on the listener writes.
      if (page.value.events.length === 0 && !missed) {
        live = true
        return
      }
    }
  }

  // A log that fails ends this stream, not the process: the reader asks again from where it was.
  const begin = (): void => {
    catchUp().catch(() => end())
  }

  let cancelStalled = (): void => {}
  let cancelHeartbeat = (): void => {}
  const beat = (): void => {
    cancelHeartbeat = clock.setTimer(HEARTBEAT_MS, () => {
      if (live) sink.write(': still here\n\n')
      beat()
    })
  }

  const unsubscribe = log.subscribe(filter, onEvent)
  sink.once('close', end)
  sink.once('error', end)
  beat()
  begin()
}

// An event's text is JSON on one line, so it needs no splitting. Ephemeral events have no place to go on from.
const message = ({ sequence, cursor, name, text }: EncodedEvent): string =>
  `${sequence > 0 ? `id: ${cursor}\n` : ''}event: ${name}\ndata: ${text}\n\n`

const failure = (error: ContractError): string => `event: error\ndata: ${JSON.stringify(error)}\n\n`
