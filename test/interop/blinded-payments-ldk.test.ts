import test from 'ava'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { answered, offered, requested, rng } from '../../core/src/invoice/bolt12/fixtures/parties.ts'
import { encodeBolt12Invoice } from '../../core/src/invoice/bolt12/invoice.ts'
import { fromHex, toHex } from '../../core/src/lib/bytes.ts'
import { parseShortChannelId } from '../../core/src/lib/ids.ts'
import { invoiceIndexWrites } from '../../core/src/node/payment/invoice-index.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { createPaymentPath, type PaymentPathRelay } from '../../core/src/onion/payment-path.ts'
import { encodeInvoiceRecord } from '../../core/src/payment/receive/invoice-codec.ts'
import type { Bolt12Record } from '../../core/src/payment/receive/invoice-record.ts'
import type { TestNode } from '../scenarios/support/world.ts'
import { ldkDriver } from './drivers/ldk/driver.ts'
import { ours, type Stage } from './stage/stage.ts'
import { Theatre } from './stage/theatre.ts'

// The invoices come by hand, and not by onion messages: this is about their payment alone.

const theatre = new Theatre(ldkDriver)
test.after.always(() => theatre.close())

const AMOUNT = 20_000_000n

interface Asked {
  readonly payee: TestNode
  readonly relays: readonly PaymentPathRelay[]
  readonly height: number
}

/** An invoice with one path, and the row that its payee has of it. */
const invoiceOver = ({ payee, relays, height }: Asked) => {
  const [preimage, pathId] = [rng.bytes(32), rng.bytes(32)]
  const made = createPaymentPath(rng.bytes(32), relays, {
    nodeId: fromHex(payee.id),
    pathId,
    maxCltvExpiry: height + 1000,
    minFinalCltvExpiryDelta: 30,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 1_000_000_000n,
  })
  if (!made.ok) throw new Error(made.error.code)
  const request = requested(offered({ price: { amount: AMOUNT }, description: 'tea' }))
  const invoice = answered(request, { amountMsat: AMOUNT, paymentHash: sha256(preimage), paths: [made.value] })
  const row: Bolt12Record = {
    type: 'bolt12',
    paymentHash: sha256(preimage),
    preimage,
    pathId,
    amountMsat: AMOUNT,
    description: '',
    invoice: 'lni1',
    minFinalCltvExpiryDelta: 30,
    createdAt: Date.now(),
    expiresAt: Date.now() + 3_600_000,
    state: { type: 'open' },
  }
  return { bytes: encodeBolt12Invoice(invoice), row }
}

const put = async ({ store }: TestNode, row: Bolt12Record): Promise<void> => {
  store.submit([
    { table: TABLE.invoice, key: row.paymentHash, value: encodeInvoiceRecord(row) },
    ...invoiceIndexWrites(undefined, row),
  ])
  await store.flush()
}

const relayOver = async (payee: TestNode, channelId: string, nodeId: string): Promise<PaymentPathRelay> => {
  const { remotePolicy, shortChannelId = '' } = await ours(payee, channelId)
  if (remotePolicy === undefined) throw new Error('nothing is known of what the relay asks')
  return {
    nodeId: fromHex(nodeId),
    next: { type: 'channel', shortChannelId: parseShortChannelId(shortChannelId) ?? 0n },
    relay: {
      feeBaseMsat: Number(remotePolicy.feeBaseMsat),
      feeProportionalMillionths: remotePolicy.feeProportionalMillionths,
      cltvExpiryDelta: remotePolicy.cltvExpiryDelta,
    },
    htlcMinimumMsat: 1_000n,
    htlcMaximumMsat: 1_000_000_000n,
  }
}

const heightOf = async (node: TestNode): Promise<number> => (await node.ask('node', 'getInfo', {})).blockHeight

const payFrom = async (stage: Stage, invoice: Uint8Array) => {
  const outcome = await (await stage.peer()).payOverPaths?.(invoice)
  if (outcome === undefined) throw new Error('LDK pays over no paths')
  return outcome
}

test.serial(
  'LDK pays over a blinded path that begins with us and goes on to another node of ours, and reads what fails in it',
  async (t) => {
    const stage = await theatre.stage(t, false)
    const ldk = await stage.peer()
    const [us, payee] = [await stage.node('us'), await stage.node('payee')]
    await stage.connect(us, ldk)
    await stage.openFrom(ldk, us)
    const second = await stage.openBetween(us, payee)
    await payee.until(async () => (await ours(payee, second)).remotePolicy !== undefined)
    const asked = { payee, relays: [await relayOver(payee, second, us.id)], height: await heightOf(us) }

    const paid = invoiceOver(asked)
    await put(payee, paid.row)
    t.like(await payFrom(stage, paid.bytes), { ok: true, preimage: toHex(paid.row.preimage) })
    await us.until(async () => us.payloads('payment.relayed').length === 1)
    t.is(payee.payloads('payment.received').length, 1)

    const unknown = await payFrom(stage, invoiceOver(asked).bytes)
    t.false(unknown.ok)
    await us.until(async () => us.payloads('payment.relay-failed').length === 1)
    t.like(us.payloads('payment.relay-failed'), [{ source: 'remote', code: 'invalid-onion-blinding' }])
  },
)

test.serial('LDK relays to us where a blinded path of ours begins, and another LDK pays over it', async (t) => {
  const stage = await theatre.stage(t, true)
  const [payer, relay] = [await stage.peer(), await stage.peer(1)]
  const us = await stage.node('us')
  await stage.connect(us, relay)
  await payer.connect(relay.nodeId, relay.address)
  await payer.openChannel(relay.nodeId, { capacitySat: 1_000_000n })
  await stage.until('their funding is in the mempool', async () => (await stage.mempool()).length > 0)
  await stage.mine(6)
  await stage.until('they can use their channel', async () => (await payer.channels()).some(({ isUsable }) => isUsable))
  const last = await stage.openFrom(relay, us)
  const asked = { payee: us, relays: [await relayOver(us, last, relay.nodeId)], height: await heightOf(us) }
  const { bytes, row } = invoiceOver(asked)
  await put(us, row)
  t.like(await payFrom(stage, bytes), { ok: true, preimage: toHex(row.preimage) })
})
