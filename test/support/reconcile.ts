import { encodeJson, type KnownEvent } from '@fulgurite/plugin-sdk/contract'
import type { ExecutionContext } from 'ava'
import { channelOf } from './network.ts'
import { knownEvent, type NodeProcess } from './node-process.ts'
import type { Attempted } from './payments.ts'

/**
 * Asserts that sender and receiver agree on every payment, that each has one outcome, told once, and that what was told
 * to the one who asked is what is stored.
 */
export const assertOutcomes = async (t: ExecutionContext, attempts: readonly Attempted[]): Promise<void> => {
  const nodes = new Set(attempts.flatMap(({ from, to }) => [from, to]))
  for (const node of nodes) await untilEventsAreIn(node)
  const sent = new Map([...nodes].map((node) => [node, countByHash(node, 'payment.sent')]))
  const failed = new Map([...nodes].map((node) => [node, countByHash(node, 'payment.failed')]))
  const received = new Map([...nodes].map((node) => [node, countByHash(node, 'payment.received')]))
  for (const { from, to, hash, status, amountMsat, feesMsat } of attempts) {
    const { payment } = await from.ask('payments', 'get', { paymentHash: hash })
    const { invoice } = await to.ask('invoices', 'get', { paymentHash: hash })
    const settled = status === 'settled'
    const seen = {
      told: status,
      sender: payment.status,
      receiver: invoice.status,
      sent: sent.get(from)?.get(hash) ?? 0,
      failed: failed.get(from)?.get(hash) ?? 0,
      received: received.get(to)?.get(hash) ?? 0,
      receivedMsat: invoice.receivedMsat ?? 0n,
      feesMsat: settled ? payment.feesMsat : 0n,
    }
    const expected = settled
      ? { told: status, sender: 'settled', receiver: 'paid', sent: 1, failed: 0, received: 1 }
      : { told: status, sender: 'failed', receiver: 'open', sent: 0, failed: 1, received: 0 }
    t.deepEqual(seen, { ...expected, receivedMsat: settled ? amountMsat : 0n, feesMsat } as typeof seen, hash)
  }
}

const countByHash = (node: NodeProcess, name: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { paymentHash } of node.payloads(name)) {
    counts.set(paymentHash as string, (counts.get(paymentHash as string) ?? 0) + 1)
  }
  return counts
}

/** Asserts that what the event stream told, over all restarts, is exactly what the log holds. */
export const assertEventsComplete = async (t: ExecutionContext, node: NodeProcess): Promise<void> => {
  await untilEventsAreIn(node)
  const logged: KnownEvent[] = []
  let from: string | undefined
  for (;;) {
    const page = await node.ask('events', 'list', { limit: 500, ...(from === undefined ? {} : { from }) })
    logged.push(...page.items.map(knownEvent))
    if (page.next === from) break
    from = page.next
  }
  const texts = (events: readonly KnownEvent[]) => events.map((event) => encodeJson(event))
  t.deepEqual(texts(node.events), texts(logged), `events of ${node.name}`)
}

const untilEventsAreIn = async (node: NodeProcess): Promise<void> => {
  const { asOf } = (await node.ask('node', 'getInfo', {})) as { asOf?: string }
  await node.until('its event stream is up to date', () => node.events.some(({ cursor }) => cursor === asOf))
}

/** Asserts that the two sides of a channel without HTLCs mirror each other and add up to its capacity. */
export const assertMirrored = async (
  t: ExecutionContext,
  channelId: string,
  a: NodeProcess,
  b: NodeProcess,
): Promise<{ readonly [name: string]: bigint }> => {
  const ours = await channelOf(a, channelId)
  const theirs = await channelOf(b, channelId)
  t.is(ours.htlcsInFlight + theirs.htlcsInFlight, 0, 'nothing is under way')
  t.deepEqual([ours.localMsat, ours.remoteMsat], [theirs.remoteMsat, theirs.localMsat], `${a.name} and ${b.name} agree`)
  t.is(ours.localMsat + ours.remoteMsat, ours.capacitySat * 1000n, `the channel of ${a.name} and ${b.name} is whole`)
  return { [a.name]: ours.localMsat, [b.name]: theirs.localMsat }
}

/** What a node's channels gained or lost by these payments, and by relaying. */
export const netMsat = (node: NodeProcess, attempts: readonly Attempted[]): bigint => {
  let net = 0n
  for (const { from, to, status, amountMsat, feesMsat } of attempts) {
    if (status !== 'settled') continue
    if (from === node) net -= amountMsat + feesMsat
    if (to === node) net += amountMsat
  }
  for (const { feeMsat } of node.payloads('payment.relayed')) net += BigInt(feeMsat as string)
  return net
}
