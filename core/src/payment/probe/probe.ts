import type { NodeId, PaymentHash } from '../../lib/ids.ts'
import type { Msat } from '../../lib/units.ts'
import type { PaymentRequest, Route, SentPayment } from '../send/payment.ts'

/** A probe that is under way: its row. */
export interface ProbeRecord {
  /** The plugin that asked; the operator if absent. */
  readonly owner?: string
  /** All of it was sent at once, over given routes, and none of it is sent again. */
  readonly payment: SentPayment
}

export interface ProbeOptions {
  readonly destination: NodeId
  /** What would arrive over all routes. */
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  readonly routes: readonly [Route, ...Route[]]
  /**
   * 32 random bytes. It is the hash of nothing that anybody has: whoever could claim it would have found a preimage of a number that was
   * drawn at random, which is as hard as to break SHA-256. So a probe never becomes a payment, and no preimage of it is anywhere.
   */
  readonly paymentHash: PaymentHash
  /** 32 random bytes, as an invoice would have: to its destination a probe is a payment that it knows nothing of. */
  readonly paymentSecret: Uint8Array
  readonly key: string
}

/** A probe as the machine of payments carries it out: over these routes, once. */
export const probeRequest = (options: ProbeOptions): PaymentRequest => {
  const { destination, amountMsat, feesMsat, routes, paymentHash, paymentSecret, key } = options
  const [route, ...moreRoutes] = routes
  return {
    target: {
      recipient: { type: 'node', nodeId: destination, paymentSecret, minFinalCltvExpiryDelta: 0, routeHints: [] },
      paymentHash,
      amountMsat,
      multiPart: moreRoutes.length > 0,
      route,
    },
    moreRoutes,
    maxFeeMsat: feesMsat,
    key,
  }
}

/** Of one who asks. Each is an HTLC in our channels, and holds money of others as well. */
export const MAX_PROBING = { plugin: 16, operator: 128 } as const

/** Whether so many more parts are still within what one may have out. */
export const mayProbe = (live: Iterable<ProbeRecord>, owner: string | undefined, parts: number): boolean => {
  let out = parts
  for (const probe of live) if (probe.owner === owner) out += probe.payment.attempts.filter(isOut).length
  return out <= (owner === undefined ? MAX_PROBING.operator : MAX_PROBING.plugin)
}

const isOut = ({ status }: SentPayment['attempts'][number]): boolean => status === 'pending'
