import type { Writable } from 'node:stream'
import type { ContractError, Cursor } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import { Follower } from '../lib/follower.ts'
import type { EncodedEvent, EventFilter, EventLogPort } from '../node/contract-gateway.ts'

const PAGE_ROWS = 500
const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for this long is cut off; it can come back with its cursor. */
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
  let ended = false
  /** The socket takes no more for now. */
  let full = false

  const end = (): void => {
    if (ended) return
    ended = true
    follower.stop()
    unsubscribe()
    cancelHeartbeat()
    cancelStalled()
    sink.end()
  }

  const follower = new Follower<EncodedEvent, Cursor, ContractError>({
    cursor: from ?? log.head(),
    read: (cursor) => log.replay(cursor, filter, PAGE_ROWS),
    take(event) {
      if (!sink.write(message(event))) full = true
      return true
    },
    hasRoom: () => !full,
    tookPage: () => waitForRoom(),
    failed(error) {
      sink.write(failure(error))
      end()
      return undefined
    },
    // A log that fails ends this stream, not the process: the reader asks again from where it was.
    threw: () => end(),
  })

  const waitForRoom = (): void => {
    if (!full) return
    watchStall(sink.writableLength)
    sink.once('drain', () => {
      full = false
      cancelStalled()
      follower.readOn()
    })
  }

  /** Even a slow reader takes something in this time. */
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

  let cancelStalled = (): void => {}
  let cancelHeartbeat = (): void => {}
  const beat = (): void => {
    cancelHeartbeat = clock.setTimer(HEARTBEAT_MS, () => {
      if (follower.live) sink.write(': still here\n\n')
      beat()
    })
  }

  const unsubscribe = log.subscribe(filter, (event) => {
    if (follower.heard(event)) waitForRoom()
  })
  sink.once('close', end)
  sink.once('error', end)
  beat()
  follower.readOn()
}

// An event's text is JSON on one line, so it needs no splitting. An ephemeral event has no cursor to continue from.
const message = ({ sequence, cursor, name, text }: EncodedEvent): string =>
  `${sequence > 0 ? `id: ${cursor}\n` : ''}event: ${name}\ndata: ${text}\n\n`

const failure = (error: ContractError): string => `event: error\ndata: ${JSON.stringify(error)}\n\n`
