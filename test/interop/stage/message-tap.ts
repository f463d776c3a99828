import { toHex } from '../../../core/src/lib/bytes.ts'
import { Connection, type ConnectionHandlers } from '../../../core/src/node/connection/connection.ts'
import type { Message } from '../../../core/src/wire/messages/message.ts'
import { PATIENCE_MS } from '../../support/patience.ts'

/** A message between a node of ours and a peer, as our side sees it. */
interface TappedMessage {
  readonly direction: 'in' | 'out'
  readonly peer: string
  readonly type: Message['type']
}

/** Where a connection is cut: at the nth message (1 is the first) of this kind from now on. That message is lost. */
export interface CutPoint {
  readonly direction: 'in' | 'out'
  readonly type: Message['type']
  readonly nth?: number
}

/** The same message in the other direction. */
export const mirrored = ({ direction, type, nth }: CutPoint): CutPoint => ({
  direction: direction === 'in' ? 'out' : 'in',
  type,
  ...(nth === undefined ? {} : { nth }),
})

export const nameOf = ({ direction, type, nth }: CutPoint): string =>
  `${nth === 2 ? 'the second' : 'the'} ${type} ${direction === 'in' ? 'of the peer' : 'of ours'}`

interface Cut {
  readonly peer: string
  readonly point: CutPoint
  left: number
  /** How many messages with the peer may pass before it. */
  within: number
  readonly done: () => void
  readonly giveUp: () => void
}

const seen: TappedMessage[] = []
let cut: Cut | undefined

/**
 * Has the connection with the peer end just before a message passes: it and all that would follow is lost, and what came
 * before has arrived. Resolves when it has happened, rejects when so many other messages have passed, or after a while.
 */
export const cutAt = (peer: string, point: CutPoint, withinMessages = Number.POSITIVE_INFINITY): Promise<void> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer)
      if (cut === mine) cut = undefined
      reject(new Error(`no ${point.nth ?? 1}. ${point.type} ${point.direction}`))
    }
    const timer = setTimeout(giveUp, PATIENCE_MS)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const mine: Cut = { peer, point, left: point.nth ?? 1, within: withinMessages, done, giveUp }
    cut = mine
  })

/** The cut that waits for its message waits no longer. */
export const dropCut = (): void => cut?.giveUp()

/** Whether neither side owes the peer's channel a `revoke_and_ack`. With one channel to the peer, that is. */
export const nothingIsOwed = (peer: string): boolean => {
  const last = (direction: 'in' | 'out', type: Message['type']): number =>
    seen.findLastIndex((each) => each.peer === peer && each.direction === direction && each.type === type)
  return (
    last('out', 'commitment_signed') <= last('in', 'revoke_and_ack') &&
    last('in', 'commitment_signed') <= last('out', 'revoke_and_ack')
  )
}

/** How many messages of this kind have passed. */
export const passed = (peer: string, { direction, type }: CutPoint): number =>
  seen.filter((each) => each.peer === peer && each.direction === direction && each.type === type).length

interface Hold {
  readonly peer: string
  readonly type: Message['type']
  readonly begun: (message: Message) => void
  waiting: (() => void)[] | undefined
}

let hold: Hold | undefined

/**
 * What the peer sends from its next message of this type on is on its way until it is let go. Resolves with that message, and with how to
 * let it go, once it has been held.
 */
export const holdFrom = <T extends Message['type']>(peer: string, type: T) =>
  new Promise<{ readonly message: Extract<Message, { type: T }>; readonly letGo: () => void }>((resolve) => {
    const mine: Hold = {
      peer,
      type,
      waiting: undefined,
      begun: (message) =>
        resolve({
          message: message as Extract<Message, { type: T }>,
          letGo() {
            hold = undefined
            for (const arrive of mine.waiting ?? []) arrive()
          },
        }),
    }
    hold = mine
  })

/** Whether the message has to wait. */
const isHeld = (peer: string, message: Message, arrive: () => void): boolean => {
  if (hold?.peer !== peer || (hold.waiting === undefined && hold.type !== message.type)) return false
  if (hold.waiting !== undefined) {
    hold.waiting.push(arrive)
    return true
  }
  hold.waiting = [arrive]
  hold.begun(message)
  return true
}

const connections = new Map<string, Connection>()

/** Says something to the peer that our node never would, over the connection that it has. */
export const inject = (peer: string, message: Message): void => {
  const connection = connections.get(peer)
  if (connection === undefined) throw new Error(`no connection to ${peer}`)
  connection.send(message)
  connection.flush()
}

interface Change {
  readonly peer: string
  readonly type: Message['type']
  readonly apply: (message: Message) => Message
}

let change: Change | undefined

/** The next message of this type that a node of ours sends to the peer is another one by the time that it leaves. */
export const changeNext = <T extends Message['type']>(
  peer: string,
  type: T,
  apply: (message: Extract<Message, { type: T }>) => Message,
): void => {
  change = { peer, type, apply: (message) => apply(message as Extract<Message, { type: T }>) }
}

const changed = (peer: string, message: Message): Message => {
  if (change?.peer !== peer || change.type !== message.type) return message
  const { apply } = change
  change = undefined
  return apply(message)
}

const lost = new WeakSet<Connection>()

/** Whether the message goes on. */
const passes = (connection: Connection, direction: 'in' | 'out', message: Message): boolean => {
  if (lost.has(connection)) return false
  const peer = toHex(connection.remoteNodeId)
  if (cut?.peer === peer && cut.point.direction === direction && cut.point.type === message.type && --cut.left === 0) {
    const { done } = cut
    cut = undefined
    lost.add(connection)
    // What was queued before it still leaves, as it would have if the wire had broken a moment later.
    queueMicrotask(() => {
      connection.close()
      done()
    })
    return false
  }
  if (cut?.peer === peer && --cut.within < 0) cut.giveUp()
  seen.push({ direction, peer, type: message.type })
  return true
}

// The node offers no place to listen in between a connection and its peer's actor, and needs none but here.
const { send, start } = Connection.prototype

Connection.prototype.send = function (this: Connection, message: Message): void {
  if (passes(this, 'out', message)) send.call(this, changed(toHex(this.remoteNodeId), message))
}

Connection.prototype.start = function (this: Connection, handlers: ConnectionHandlers): void {
  connections.set(toHex(this.remoteNodeId), this)
  start.call(this, {
    onMessage: (message) => {
      const arrive = (): void => {
        if (passes(this, 'in', message as Message)) handlers.onMessage(message)
      }
      if (!isHeld(toHex(this.remoteNodeId), message as Message, arrive)) arrive()
    },
    onIgnored: (ignored) => handlers.onIgnored(ignored),
    onClose: (reason) => handlers.onClose(reason),
  })
}
