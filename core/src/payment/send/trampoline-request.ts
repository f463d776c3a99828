import { MAX_CLTV_EXPIRY_DELTA } from '../../graph/paths/path-question.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { NodeId, PrivateKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { PaymentBlindedPath } from '../../onion/blinded-payinfo.ts'
import type { CreateOnionFailure, OnionHop } from '../../onion/sphinx.ts'
import { createTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { encodeTrampolinePayload, type ToBlindedPathsPayload } from '../../onion/trampoline-payload.ts'
import { vectorOfBits } from '../../wire/features.ts'
import type { RecipientPath } from './blinded-recipient.ts'
import type { PaymentRequest, PaymentTarget } from './payment.ts'
import { finalDeltaOf } from './recipient.ts'
import { FINAL_CLTV_MARGIN } from './route.ts'

/** Blocks that a trampoline node gets for its way, and for its own safety: what the field's wallets give. */
const TRAMPOLINE_CLTV_DELTA = 576

export interface TrampolineOptions {
  readonly nodeId: NodeId
  readonly height: BlockHeight
  /** Fresh: of the inner onion alone. */
  readonly sessionKey: PrivateKey
  /** 32 fresh random bytes, which join the parts that reach the trampoline node: it must not learn the invoice's. */
  readonly paymentSecret: Uint8Array
}

export type TrampolineRequestError =
  /** lightning/bolts 836: the payee has to understand it, or to be paid over blinded paths. */
  | { readonly code: 'recipient-not-supported' }
  /** No path of the payee's has room in an inner onion. */
  | { readonly code: 'paths-too-long' }
  | CreateOnionFailure

/** The same payment by a trampoline node, which finds the way to the payee. Half of the fees that are allowed are for it. */
export const byTrampoline = (
  request: PaymentRequest,
  options: TrampolineOptions,
): Result<PaymentRequest, TrampolineRequestError> => {
  const { target, maxFeeMsat } = request
  const { recipient, paymentHash, amountMsat } = target
  const { nodeId, height, sessionKey, paymentSecret } = options
  const asked = innerHops(target, options)
  if (!asked.ok) return asked
  const { hops, finalExpiry } = asked.value
  const onion = createTrampolineOnion({ sessionKey, hops, paymentHash })
  if (!onion.ok) return onion
  const feeMsat = maxFeeMsat / 2n
  return ok({
    ...request,
    target: {
      ...target,
      recipient: {
        type: 'trampoline',
        nodeId,
        paymentSecret,
        trampolineOnion: onion.value.packet,
        innerSecrets: onion.value.sharedSecrets,
        payee: { nodeId: recipient.nodeId, amountMsat },
        finalExpiry: finalExpiry + TRAMPOLINE_CLTV_DELTA,
        latestExpiry: height + MAX_CLTV_EXPIRY_DELTA,
        minFinalCltvExpiryDelta: finalDeltaOf(recipient),
        routeHints: [],
      },
      amountMsat: amountMsat + feeMsat,
      multiPart: true,
    },
    maxFeeMsat: maxFeeMsat - feeMsat,
  })
}

interface InnerHops {
  readonly hops: readonly OnionHop[]
  /** When what leaves the trampoline node expires at the earliest, for the payee to be paid. */
  readonly finalExpiry: BlockHeight
}

/** lightning/bolts 836: what the trampoline node is told, and the payee if it understands that. */
const innerHops = (
  { recipient, amountMsat, multiPart }: PaymentTarget,
  { nodeId, height }: TrampolineOptions,
): Result<InnerHops, TrampolineRequestError> => {
  const outgoingCltvValue = height + finalDeltaOf(recipient) + FINAL_CLTV_MARGIN
  const amounts = { amtToForward: amountMsat, outgoingCltvValue }
  if (recipient.type === 'blinded') {
    const { paths, payload } = toPaths(recipient.paths, { ...amounts, ...(multiPart && { features: TAKES_PARTS }) })
    if (paths.length === 0) return err({ code: 'paths-too-long' })
    const most = Math.max(...paths.map(({ cltvExpiryDelta }) => cltvExpiryDelta))
    return ok({ hops: [{ nodeId, payload }], finalExpiry: outgoingCltvValue + most })
  }
  if (recipient.type !== 'node' || recipient.paymentSecret === undefined)
    return err({ code: 'recipient-not-supported' })
  const { nodeId: nextNodeId, paymentMetadata } = recipient
  const paymentData = { paymentSecret: recipient.paymentSecret, totalMsat: amountMsat }
  const relay = encodeTrampolinePayload({ type: 'trampoline-relay', ...amounts, nextNodeId })
  const final = {
    type: 'trampoline-final',
    ...amounts,
    paymentData,
    ...(paymentMetadata && { paymentMetadata }),
  } as const
  const hops = [
    { nodeId, payload: relay },
    { nodeId: nextNodeId, payload: encodeTrampolinePayload(final) },
  ]
  return ok({ hops, finalExpiry: outgoingCltvValue })
}

/** What an invoice of BOLT 12 says of a payee that takes several parts. */
const TAKES_PARTS = vectorOfBits([17])

/** Of an inner onion with paths: what is left of the outer one is for the way to the trampoline node. */
const MOST_BYTES = 800

/** The payee's favourites, as many as there is room for. */
const toPaths = (
  all: readonly RecipientPath[],
  asked: Omit<ToBlindedPathsPayload, 'type' | 'paths'>,
): { readonly paths: readonly RecipientPath[]; readonly payload: Uint8Array } => {
  const payloadOf = (paths: readonly RecipientPath[]) =>
    encodeTrampolinePayload({ type: 'to-blinded-paths', ...asked, paths: paths.map(toldPath) })
  const paths: RecipientPath[] = []
  for (const path of all) if (payloadOf([...paths, path]).length <= MOST_BYTES) paths.push(path)
  return { paths, payload: payloadOf(paths) }
}

/** The path as an invoice has it, from the node on at which others enter it. */
const toldPath = ({ introductionNodeId, firstPathKey, path, ...costs }: RecipientPath): PaymentBlindedPath => ({
  path: { firstNodeId: { type: 'pubkey', nodeId: introductionNodeId }, firstPathKey, path },
  payinfo: { ...costs, features: EMPTY },
})
