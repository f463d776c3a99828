import test from 'ava'
import { fromHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { peelOnion } from '../../onion/sphinx.ts'
import { bigSize } from '../../wire/codec/primitives.ts'
import { Reader } from '../../wire/codec/reader.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import type { PaymentTarget, Route } from './payment.ts'
import type { NodeRecipient } from './recipient.ts'
import { onionFor } from './route.ts'

const nodes = ['bob', 'carol', 'payee'].map(testNode)
const paymentHash = named('hash')

const hop = (at: number, amountMsat: bigint, cltvExpiry: number, shortChannelId: bigint) => ({
  nodeId: nodes[at]?.nodeId as NodeId,
  amountMsat,
  cltvExpiry,
  shortChannelId,
})

const route: Route = {
  channelId: named('ours'),
  hops: [hop(0, 0x1002n, 0x2003, 1n), hop(1, 0x1001n, 0x2002, 2n), hop(2, 0x1000n, 0x2001, 3n)],
}

type Told = Partial<NodeRecipient>

const target = (told: Told = {}): PaymentTarget => ({
  recipient: {
    type: 'node',
    nodeId: nodes[2]?.nodeId as NodeId,
    paymentSecret: named('secret'),
    minFinalCltvExpiryDelta: 18,
    routeHints: [],
    ...told,
  },
  paymentHash,
  amountMsat: 0x3000n,
  multiPart: true,
})

/** What each node on the way finds, by the numbers of its records: read by none of the codecs that wrote it. */
const toldTo = (told: Told = {}, over: Route = route): readonly ReadonlyMap<number, string>[] => {
  const onion = onionFor(over, target(told), named('session'))
  if (!onion.ok) throw new Error(onion.error.code)
  let packet: Uint8Array | undefined = onion.value.packet
  return over.hops.map(({ nodeId }) => {
    const privateKey = nodes.find((node) => node.nodeId === nodeId)?.privateKey as Uint8Array
    const peeled = peelOnion({ packet: packet as Uint8Array, privateKey, associatedData: paymentHash })
    if (!peeled.ok) throw new Error(peeled.error.code)
    packet = peeled.value.nextPacket
    const reader = new Reader(peeled.value.payload)
    const records = new Map<number, string>()
    while (reader.remaining > 0) {
      const type = Number(bigSize.decode(reader))
      records.set(type, Buffer.from(reader.take(Number(bigSize.decode(reader)))).toString('hex'))
    }
    return records
  })
}

const secret = Buffer.from(named('secret')).toString('hex')
const scid = (last: number): string => `00000000000000${last.toString(16).padStart(2, '0')}`

test('BOLT 4, payload format — a hop is told the amount and expiry to pass on and the channel, and nothing that is for the payee', (t) => {
  const [bob, carol] = toldTo({ paymentMetadata: fromHex('aabb') })
  t.deepEqual(
    [...(bob ?? [])],
    [
      [2, '1001'],
      [4, '2002'],
      [6, scid(2)],
    ],
  )
  t.deepEqual(
    [...(carol ?? [])],
    [
      [2, '1000'],
      [4, '2001'],
      [6, scid(3)],
    ],
  )
})

test('BOLT 4, payload format — the payee is told its amount and expiry, its secret, the total and its metadata, and no channel', (t) => {
  const [, , payee] = toldTo({ paymentMetadata: fromHex('aabb') })
  t.deepEqual(
    [...(payee ?? [])],
    [
      [2, '1000'],
      [4, '2001'],
      [8, `${secret}3000`],
      [16, 'aabb'],
    ],
  )
  const [, , without] = toldTo()
  t.deepEqual([...(without?.keys() ?? [])], [2, 4, 8])
})

test('BOLT 4, payload format — metadata may be as long as the onion has room', (t) => {
  const direct: Route = { ...route, hops: route.hops.slice(2) }
  // Of 1,300 bytes the payee's own records, two lengths and the HMAC are taken.
  const room = 1_300 - 32 - 3 - (4 + 4 + (2 + 34)) - (1 + 3)
  const [payee] = toldTo({ paymentMetadata: new Uint8Array(room).fill(7) }, direct)
  t.is(payee?.get(16), '07'.repeat(room))
  t.like(onionFor(direct, target({ paymentMetadata: new Uint8Array(room + 1) }), named('session')), { ok: false })
})
