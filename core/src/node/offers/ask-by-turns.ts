import type { InvoiceRequest, Offer } from '../../invoice/bolt12/fields.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId, PublicKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import type { MessageDestination, SendMessageFailure } from '../onion-messages/message-sender.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'

/** How often something is sent, by another path each time if there are several, and how long each waits for the answer. */
const TRIES = 3
const TRY_MS = 12_000

/** Where a message may go. */
export interface Way {
  readonly destination: MessageDestination
  /** Who is there, if that is known: a reply need not go over them. */
  readonly node?: NodeId
  /** The id at its end: of the node, or of the last one of the path. */
  readonly last: PublicKey
}

/** BOLT 12, the writer of a request: by a path of the offer if it has any, or to its issuer. */
export const waysToIssuer = ({ offerPaths, offerIssuerId }: Offer): readonly Way[] => waysBy(offerPaths, offerIssuerId)

/** BOLT 12, the reader of a request: the invoice for a refund goes by one of its paths, or to its payer. */
export const waysToPayer = ({ invreqPaths, invreqPayerId }: InvoiceRequest): readonly Way[] =>
  waysBy(invreqPaths, invreqPayerId)

const waysBy = (paths: readonly BlindedPath[] = [], nodeId: PublicKey | undefined): readonly Way[] => {
  const ways = paths.map((path): Way => {
    const { firstNodeId } = path
    const isThere = path.path.length === 1 && firstNodeId.type === 'pubkey'
    // A path has one hop at least: none is read without.
    const last = path.path.at(-1)?.blindedNodeId ?? path.firstPathKey
    return { destination: { type: 'path', path }, ...(isThere ? { node: firstNodeId.nodeId } : {}), last }
  })
  if (ways.length > 0 || nodeId === undefined) return ways
  return [{ destination: { type: 'node', nodeId }, node: nodeId, last: nodeId }]
}

export interface Answer {
  readonly content: OnionMessageContent
  /** Of the path that it came by. */
  readonly pathId: Uint8Array
  /** The ends of the ways by which it was asked for. */
  readonly sentTo: readonly PublicKey[]
}

/**
 * Sends by each way in turn, with a path for the answer, until one comes. `undefined`: it was sent, and nothing came in time, or it was `over`
 * before.
 */
export const askByTurns = async (
  {
    clock,
    messages,
  }: { readonly clock: Clock; readonly messages: Pick<OnionMessages, 'send' | 'pathsToUs' | 'awaitReply'> },
  ways: readonly Way[],
  content: OnionMessageContent,
  over?: Promise<undefined>,
): Promise<Result<Answer | undefined, SendMessageFailure>> => {
  const awaited = messages.awaitReply(TRIES * TRY_MS)
  const endsAt = clock.monotonic() + TRIES * TRY_MS
  const sentTo: PublicKey[] = []
  let failure: SendMessageFailure | undefined
  let isOver = false
  const ended = over?.then(() => {
    isOver = true
    return undefined
  })
  const first = ended === undefined ? awaited.content : Promise.race([awaited.content, ended])
  try {
    // Others choose how many paths there are: when nobody waits for an answer any more, nothing is sent.
    for (let tries = 0; tries < Math.max(TRIES, ways.length) && clock.monotonic() < endsAt && !isOver; tries++) {
      const way = ways[tries % ways.length] as Way
      const [replyPath] = messages.pathsToUs(awaited.pathId, 1, way.node)
      const sent = await messages.send(way.destination, { ...content, ...(replyPath && { replyPath }) }, 'own')
      if (!sent.ok) {
        failure = sent.error
        continue
      }
      sentTo.push(way.last)
      const came = await withinTime(clock, first, Math.min(TRY_MS, endsAt - clock.monotonic()))
      if (came !== undefined) return ok({ content: came, pathId: awaited.pathId, sentTo })
    }
  } finally {
    awaited.cancel()
  }
  return sentTo.length === 0 && failure !== undefined ? err(failure) : ok(undefined)
}

const withinTime = async <T>(clock: Clock, promise: Promise<T>, ms: number): Promise<T | undefined> => {
  let cancel = (): void => {}
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.setTimer(ms, () => resolve(undefined))
  })
  const first = await Promise.race([promise, late])
  cancel()
  return first
}
