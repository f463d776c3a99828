import type { HtlcOrigin, HtlcRef } from '../../../core/src/channel/index.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import type { Funded } from '../../../core/src/channel/state/durable.ts'
import { findHtlc } from '../../../core/src/channel/state/htlc.ts'
import { equalBytes, toHex } from '../../../core/src/lib/bytes.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { type Attempt, partAmounts, type SentPayment } from '../../../core/src/payment/send/payment.ts'
import { decodeTrampolineRelay } from '../../../core/src/payment/trampoline/trampoline-codec.ts'
import type { TrampolineRelayRecord } from '../../../core/src/payment/trampoline/trampoline-protocol.ts'
import { parseTrampolineReference } from '../../../core/src/payment/trampoline/trampoline-reference.ts'
import { paymentsOf } from './ledger.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'
import type { World } from './world.ts'

/**
 * What must hold at any time of payments in parts and of relays, by what the disks say. Who has gone back to a backup, and who has cheated,
 * may have forgotten.
 */
export const checkRelaysAndParts = (world: World): void => {
  const { web, payments } = world.terrain
  if (web === undefined && payments === 'usual') return
  for (const node of world.nodes.filter((each) => world.isHonest(each))) {
    const relays = trampolineRelaysOf(node)
    const fault = (payment: SentPayment, what: string): void =>
      void world.faults.push(`${node.name}: payment ${toHex(payment.target.paymentHash)} ${what}`)
    for (const payment of [...paymentsOf(node), ...relays.map((relay) => relay.payment)]) {
      const wrong = faultOf(payment)
      if (wrong !== undefined) fault(payment, wrong)
    }
    for (const { payment, incoming } of relays) {
      const [out, came] = [costOf(payment), sumOf(incoming)]
      if (out > came) fault(payment, `costs the relay ${out} msat, for which ${came} came in`)
    }
    for (const htlc of givenBackTooSoon(node, relays)) {
      world.faults.push(`${node.name} has given ${htlc} back, and what it offers for it can still be paid`)
    }
  }
  for (const { host, htlc } of world.resolutions.bothWays.splice(0)) {
    const node = world.nodes.find((each) => each.host === host)
    if (node !== undefined && world.isHonest(node))
      world.faults.push(`${node.name} has paid for ${htlc}, and given it back`)
  }
}

/** BOLT 4: parts that are under way and settled never come to more than the total. A payment that is told as failed costs nothing. */
const faultOf = ({ target, attempts, status }: SentPayment): string | undefined => {
  const live = attempts.filter(isLive)
  const sum = sumOf(live.map(({ route }) => partAmounts(route)))
  if (sum > target.amountMsat) return `has ${sum} msat under way and settled, of ${target.amountMsat}`
  return status === 'failed' && live.length > 0 ? 'is told as failed, and may be charged' : undefined
}

const isLive = ({ status }: Attempt): boolean => status !== 'failed'

const sumOf = (amounts: readonly { readonly amountMsat: bigint }[]): bigint =>
  amounts.reduce((total, { amountMsat }) => total + amountMsat, 0n)

/** All that may be charged for it, fees included. */
const costOf = ({ attempts }: SentPayment): bigint =>
  attempts.filter(isLive).reduce((total, { route }) => {
    const { amountMsat, feesMsat } = partAmounts(route)
    return total + amountMsat + feesMsat
  }, 0n)

/** Those under way, by its own rows. */
export const trampolineRelaysOf = ({ disk }: SimulatedNode): readonly TrampolineRelayRecord[] =>
  [...disk.table(TABLE.trampolineRelay).values()].map(({ value }) => {
    const relay = decodeTrampolineRelay(value)
    if (!relay.ok) throw new Error('an unreadable relay')
    return relay.value
  })

/** HTLCs that a relay has given back while one that it has offered for them is neither given back nor timed out. */
const givenBackTooSoon = (
  { disk }: SimulatedNode,
  trampolineRelays: readonly TrampolineRelayRecord[],
): readonly string[] => {
  const channels = new Map<string, Funded>()
  for (const { durable } of storedChannels(disk)) {
    if (isFunded(durable)) channels.set(toHex(durable.params.channelId), durable)
  }
  const upstreamOf = (origin: HtlcOrigin | undefined): readonly HtlcRef[] => {
    if (origin?.type !== 'local') return origin?.upstream ?? []
    const name = parseTrampolineReference(origin.payment)?.relay
    const isNamed = ([first]: readonly HtlcRef[]): boolean =>
      name !== undefined && first?.htlcId === name.htlcId && equalBytes(first.channelId, name.channelId)
    return trampolineRelays.find(({ incoming }) => isNamed(incoming))?.incoming ?? []
  }
  const names: string[] = []
  for (const { htlcs, phase } of channels.values()) {
    // The chain decides there.
    if (phase === 'closing') continue
    for (const { origin, failure } of htlcs.offered) {
      if (failure !== undefined) continue
      for (const { channelId, htlcId } of upstreamOf(origin)) {
        const upstream = channels.get(toHex(channelId))
        const record = upstream && findHtlc(upstream.htlcs.received, htlcId)
        if (record?.failure !== undefined) names.push(`${toHex(channelId)}:${htlcId}`)
      }
    }
  }
  return names
}
