import type { RouteHintHop } from '../../../core/src/invoice/invoice.ts'
import { fromHex } from '../../../core/src/lib/bytes.ts'
import { parseShortChannelId } from '../../../core/src/lib/ids.ts'
import type { Opening, Outcome } from '../drivers/driver.ts'
import { type MadeUp, madeUpInvoice } from '../stage/made-up-invoice.ts'
import { type OurNode, ours, type Stage } from '../stage/stage.ts'

/** The peer alice — us — another of its kind, bob, over channels that are not announced. */
export const throughUs = async (stage: Stage) => {
  const [alice, bob] = [await stage.peer(), await stage.peer(1)]
  const us = await stage.node('us')
  await stage.connect(us, alice)
  await stage.connect(us, bob)
  const incoming = await stage.openFrom(alice, us)
  const outgoing = await stage.openTo(bob, us)
  const invoiceOfBob = async (amountMsat: bigint, hold = false) =>
    bob.createInvoice({ amountMsat, through: outgoing, hold })
  const payBob = async (amountMsat: bigint) => alice.pay((await invoiceOfBob(amountMsat)).bolt11)
  return { us, alice, bob, incoming, outgoing, invoiceOfBob, payBob }
}

/** us — the peer — a second node of ours. */
export const throughThePeer = async (stage: Stage, opening: Partial<Opening> = {}) => {
  const peer = await stage.peer()
  const [us, them] = [await stage.node('us'), await stage.node('them')]
  await stage.connect(us, peer)
  await stage.connect(them, peer)
  const first = await stage.openTo(peer, us, opening)
  const second = await stage.openFrom(peer, them)
  const { remotePolicy } = await ours(them, second)
  if (remotePolicy === undefined) throw new Error('no channel_update of the peer')
  return { us, them, peer, first, second, remotePolicy }
}

/** An invoice of nobody, behind a channel of ours. What is not said would be right. */
export const beyondUs = (
  us: OurNode,
  hint: Partial<RouteHintHop> & Pick<RouteHintHop, 'shortChannelId'>,
  invoice: Partial<MadeUp> = {},
): string =>
  madeUpInvoice({
    amountMsat: 20_000_000n,
    ...invoice,
    hint: {
      nodeId: fromHex(us.id),
      feeBaseMsat: 1_000,
      feeProportionalMillionths: 100,
      cltvExpiryDelta: 144,
      ...hint,
    },
  })

export const aliasOf = ([alias = '']: readonly string[]): RouteHintHop['shortChannelId'] =>
  parseShortChannelId(alias) ?? 0n

/** What a payer of the peer's kind read in the failures that came back, where it tells. */
export const read = (stage: Stage, outcome: Outcome, failure: string): void => {
  stage.t.false(outcome.ok)
  if (!outcome.ok && stage.can('failure-names')) stage.t.true(outcome.failures.includes(failure), outcome.reason)
}
