import type { Peer } from '../drivers/driver.ts'
import type { OurNode, Stage } from '../stage/stage.ts'

/** What either side holds when the load begins. */
export const HALF = 2_500_000_000n

/** What can be under way at ten kills, at the most. */
const MOST_GIVEN_BACK = 31_000_000n

interface Load {
  /** Ends it, and waits for what is under way. */
  stop(): Promise<void>
}

/** How our node is asked, which may be away. What became of it is for `compare` to find out. */
interface OurSide {
  /** Whether the payment is known to have settled. */
  pay(bolt11: string, paymentHash: string): Promise<boolean>
  /** Absent where the node could not make one. */
  invoice(amountMsat: bigint): Promise<string | undefined>
}

/** Payments of both sides, several at a time, of which many may fail while one of them is away. Ends with the scenario. */
export const load = (stage: Stage, us: OurSide, peer: Peer): Load => {
  let wanted = true
  stage.t.teardown(() => {
    wanted = false
  })
  let number = 0
  const pause = () => new Promise((resolve) => setTimeout(resolve, 25))
  const worker = async (pay: (amountMsat: bigint) => Promise<boolean>): Promise<void> => {
    while (wanted) {
      // The peer's program may not be there to answer.
      const paid = await pay(1_000_000n + BigInt(number++)).catch(() => false)
      if (!paid) await pause()
    }
  }
  const out = async (amountMsat: bigint): Promise<boolean> => {
    const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat })
    return us.pay(bolt11, paymentHash)
  }
  const back = async (amountMsat: bigint): Promise<boolean> => {
    const invoice = await us.invoice(amountMsat)
    return invoice !== undefined && (await peer.pay(invoice)).ok
  }
  const workers = [out, out, out, back, back, back].map(worker)
  return {
    async stop() {
      wanted = false
      await Promise.all(workers)
    },
  }
}

const amounts = (us: OurNode, event: string): readonly bigint[] =>
  us.payloads(event).map(({ amountMsat }) => BigInt(amountMsat as string))
const sentBy = (us: OurNode): readonly bigint[] => amounts(us, 'payment.sent')
const receivedBy = (us: OurNode): readonly bigint[] => amounts(us, 'payment.received')
const sum = (each: readonly bigint[]): bigint => each.reduce((total, amount) => total + amount, 0n)

/** Page by page: most invoices were made while the peer was away, and count in the pages. */
const paidInvoices = async (us: OurNode, after?: string): Promise<readonly bigint[]> => {
  const page = { limit: 500, ...(after === undefined ? {} : { after }) }
  const { items, next } = await us.ask('invoices', 'list', { status: 'paid', page })
  const amounts = items.map(({ receivedMsat = 0n }) => receivedMsat)
  return next === undefined ? amounts : [...amounts, ...(await paidInvoices(us, next))]
}

/**
 * Both sides' books against one another, and against the channel: to the millisatoshi, once for each payment. A peer that
 * was killed may have told us a preimage and forgotten that: it gives us back what we have proof of having paid.
 */
export const compare = async (
  stage: Stage,
  us: OurNode,
  peer: Peer,
  channelId: string,
  { peerMayForget = false } = {},
): Promise<void> => {
  const { t } = stage
  await stage.isUsable(us, peer, channelId)
  const { oursMsat } = await stage.settled(us, peer, channelId)
  await us.until(async () => (await us.ask('payments', 'list', { status: 'in-flight' })).items.length === 0)
  // What was paid is told of in events, which may come a moment after the channel is at rest.
  const givenBack = (): bigint => oursMsat - (HALF - sum(sentBy(us)) + sum(receivedBy(us)))
  await stage.until('the channel has what was paid', () => givenBack() === 0n || (peerMayForget && givenBack() > 0n))
  if (givenBack() > 0n) t.log(`the peer has given back ${givenBack()} msat of what it had taken`)
  t.true(givenBack() < MOST_GIVEN_BACK)
  const sent = us.payloads('payment.sent').map((each) => ({
    hash: String(each.paymentHash),
    amount: BigInt(each.amountMsat as string),
  }))
  const received = receivedBy(us)
  t.is(sum(await paidInvoices(us)), sum(received), 'each invoice is told of once')
  const theirs = new Map((await peer.received()).map(({ paymentHash, amountMsat }) => [paymentHash, amountMsat]))
  t.deepEqual(
    sent.filter(({ hash, amount }) => theirs.get(hash) !== amount),
    [],
    'the peer has received all that we have sent',
  )
  t.is(new Set(sent.map(({ hash }) => hash)).size, sent.length)
  t.log(`${sent.length} payments there, ${received.length} back`)
  t.true(sent.length >= 20 && received.length >= 20)
}
