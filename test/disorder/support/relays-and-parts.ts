import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import type { Funded } from '../../../core/src/channel/state/durable.ts'
import { findHtlc } from '../../../core/src/channel/state/htlc.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { partAmounts, type SentPayment } from '../../../core/src/payment/send/payment.ts'
import { paymentsOf } from './ledger.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'
import type { World } from './world.ts'

/**
 * What must hold at any time of payments in parts and of relays, by what the disks say. Who has gone back to a backup, and who has cheated,
 * may have forgotten.
 */
export const checkRelaysAndParts = (world: World): void => {
  if (world.terrain.web === undefined) return
  const isHonest = (node: SimulatedNode): boolean => !world.restored.has(node) && !world.cheats.by.has(node)
  for (const node of world.nodes.filter(isHonest)) {
    for (const payment of paymentsOf(node)) {
      const fault = faultOf(payment)
      if (fault !== undefined) world.faults.push(`${node.name}: payment ${toHex(payment.target.paymentHash)} ${fault}`)
    }
    for (const htlc of givenBackTooSoon(node)) {
      world.faults.push(`${node.name} has given ${htlc} back, and what it offers for it can still be paid`)
    }
  }
  for (const { host, htlc } of world.resolutions.bothWays.splice(0)) {
    const node = world.nodes.find((each) => each.host === host)
    if (node !== undefined && isHonest(node)) world.faults.push(`${node.name} has paid for ${htlc}, and given it back`)
  }
}

/** BOLT 4: parts that are under way and settled never come to more than the total. A payment that is told as failed costs nothing. */
const faultOf = ({ target, attempts, status }: SentPayment): string | undefined => {
  const live = attempts.filter((attempt) => attempt.status !== 'failed')
  const sum = live.reduce((total, { route }) => total + partAmounts(route).amountMsat, 0n)
  if (sum > target.amountMsat) return `has ${sum} msat under way and settled, of ${target.amountMsat}`
  return status === 'failed' && live.length > 0 ? 'is told as failed, and may be charged' : undefined
}

/** HTLCs that a relay has given back while one that it has offered for them is neither given back nor timed out. */
const givenBackTooSoon = ({ disk }: SimulatedNode): readonly string[] => {
  const channels = new Map<string, Funded>()
  for (const { durable } of storedChannels(disk)) {
    if (isFunded(durable)) channels.set(toHex(durable.params.channelId), durable)
  }
  const names: string[] = []
  for (const { htlcs, phase } of channels.values()) {
    // The chain decides there.
    if (phase === 'closing') continue
    for (const { origin, failure } of htlcs.offered) {
      if (origin?.type !== 'relay' || failure !== undefined) continue
      for (const { channelId, htlcId } of origin.upstream) {
        const upstream = channels.get(toHex(channelId))
        const record = upstream && findHtlc(upstream.htlcs.received, htlcId)
        if (record?.failure !== undefined) names.push(`${toHex(channelId)}:${htlcId}`)
      }
    }
  }
  return names
}
