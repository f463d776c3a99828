import test from 'ava'
import fc from 'fast-check'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { EMPTY, fromHex, toHex, u16be } from '../lib/bytes.ts'
import { seededRng } from '../lib/rng.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { restBytes } from '../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import { type OnionMessage, onionMessageCodec } from '../wire/messages/onion-message.ts'
import { createMessagePath, createOnionMessage } from './create-onion-message.ts'
import { type EncryptedData, encryptedData } from './encrypted-data.ts'
import { ONION_MESSAGE } from './fixtures/onion-message-vectors.ts'
import { readOnionMessage } from './read-onion-message.ts'
import { blindPath, unblind, withoutFirstHop } from './route-blinding.ts'
import { createOnion } from './sphinx.ts'

const nodes = ONION_MESSAGE.hops.map((hop) => {
  const privateKey = fromHex(hop.privateKey)
  const data = decodeWith(encryptedData, fromHex(hop.encodedTlvs))
  if (!data.ok) throw new Error(data.error.code)
  return { privateKey, nodeId: secp256k1.publicKey(privateKey), data: data.value }
})
const [alice, bob, carol, dave] = nodes as [
  (typeof nodes)[number],
  (typeof nodes)[number],
  (typeof nodes)[number],
  (typeof nodes)[number],
]
const onWire = (message: OnionMessage): string =>
  toHex(Uint8Array.of(...u16be(onionMessageCodec.number), ...encodeWith(onionMessageCodec.body, message)))

test('BOLT 4, onion messages — the message of the vector is made, joined to a path that somebody else has made', (t) => {
  const path = blindPath(fromHex(ONION_MESSAGE.dave.sessionKey), [bob, carol, dave])
  t.is(toHex(path.firstPathKey), ONION_MESSAGE.dave.firstPathKey)
  t.deepEqual(
    path.path.map((hop) => [toHex(hop.blindedNodeId), toHex(hop.encryptedRecipientData)]),
    ONION_MESSAGE.hops.slice(1).map((hop) => [hop.blindedNodeId, hop.encryptedData]),
  )
  const { type, value } = ONION_MESSAGE.unknownTlv
  const made = createOnionMessage({
    sessionKey: fromHex(ONION_MESSAGE.sessionKey),
    pathSessionKey: fromHex(ONION_MESSAGE.pathSessionKey),
    relays: [alice.nodeId],
    destination: { type: 'path', path, firstNodeId: bob.nodeId },
    content: { unknownTlvs: [{ type, value: fromHex(value) }] },
  })
  if (!made.ok) return t.fail(made.error.code)
  t.deepEqual(made.value.peer, alice.nodeId)
  t.is(toHex(made.value.message.pathKey), ONION_MESSAGE.firstPathKey)
  t.is(toHex(made.value.message.onionMessagePacket), ONION_MESSAGE.packet)
  t.is(onWire(made.value.message), ONION_MESSAGE.hops[0].message)
})

test('BOLT 4, onion messages — each node of the vector forwards it as it is there, and the last one reads it', (t) => {
  for (const [at, { message }] of ONION_MESSAGE.hops.entries()) {
    const received = decodeWith(onionMessageCodec.body, fromHex(message).subarray(2))
    if (!received.ok) return t.fail(received.error.code)
    const opened = readOnionMessage((nodes[at] as typeof alice).privateKey, received.value)
    if (!opened.ok) return t.fail(opened.error.reason)
    if (opened.value.type === 'forward') {
      t.deepEqual(opened.value.next, { type: 'node', nodeId: (nodes[at + 1] as typeof alice).nodeId })
      t.is(onWire(opened.value.message), ONION_MESSAGE.hops[at + 1]?.message ?? '')
    } else {
      t.is(at, 3)
      const { type, value } = ONION_MESSAGE.unknownTlv
      t.deepEqual(opened.value, {
        type: 'received',
        pathId: dave.data.pathId as Uint8Array,
        content: { unknownTlvs: [{ type, value: fromHex(value) }] },
      })
    }
  }
})

const rng = seededRng(41)
const [sessionKey, pathSessionKey, replySession] = [rng.bytes(32), rng.bytes(32), rng.bytes(32)]
const pathId = Uint8Array.of(7, 7)

/** Brings a message to whoever it is for, by the nodes that it names. */
const deliver = (peer: Uint8Array, message: OnionMessage) => {
  const visited: string[] = []
  let to = peer
  let current = message
  for (;;) {
    const node = nodes.find(({ nodeId }) => toHex(nodeId) === toHex(to))
    if (node === undefined) throw new Error('a message to nobody')
    visited.push(toHex(to).slice(0, 6))
    const opened = readOnionMessage(node.privateKey, current)
    if (!opened.ok) throw new Error(opened.error.reason)
    if (opened.value.type === 'received') return { visited, received: opened.value }
    if (opened.value.next.type !== 'node') throw new Error('a channel')
    to = opened.value.next.nodeId
    current = opened.value.message
  }
}

test('BOLT 4, onion messages — a node is reached over others or directly, and answers by the reply path', (t) => {
  const replyPath = createMessagePath(replySession, [bob.nodeId, carol.nodeId], { nodeId: alice.nodeId, pathId })
  t.is(new Set(replyPath.path.map((hop) => hop.encryptedRecipientData.length)).size, 1)
  const invoiceRequest = Uint8Array.of(1, 2, 3)
  for (const relays of [[], [carol.nodeId], [bob.nodeId, carol.nodeId]]) {
    const made = createOnionMessage({
      sessionKey,
      pathSessionKey,
      relays,
      destination: { type: 'node', nodeId: dave.nodeId },
      content: { invoiceRequest, replyPath },
    })
    if (!made.ok) return t.fail(made.error.code)
    const { visited, received } = deliver(made.value.peer, made.value.message)
    t.is(visited.length, relays.length + 1)
    t.deepEqual(received, { type: 'received', content: { invoiceRequest, replyPath } })
  }
  for (const relays of [[], [carol.nodeId]]) {
    const answer = createOnionMessage({
      sessionKey,
      pathSessionKey,
      relays,
      destination: { type: 'path', path: replyPath, firstNodeId: bob.nodeId },
      content: { invoice: invoiceRequest },
    })
    if (!answer.ok) return t.fail(answer.error.code)
    t.deepEqual(deliver(answer.value.peer, answer.value.message).received, {
      type: 'received',
      pathId,
      content: { invoice: invoiceRequest },
    })
  }
})

test('BOLT 4, onion messages — a path that we make says where it goes on and whom it began with, and nothing of payments', (t) => {
  const path = createMessagePath(replySession, [bob.nodeId, carol.nodeId], { nodeId: alice.nodeId, pathId })
  t.deepEqual(path.firstNodeId, { type: 'pubkey', nodeId: bob.nodeId })
  let pathKey = path.firstPathKey
  const told = [bob, carol, alice].map((node, at) => {
    const read = unblind(node.privateKey, pathKey, path.path[at]?.encryptedRecipientData ?? EMPTY)
    if (!read.ok) throw new Error(read.error.code)
    pathKey = read.value.nextPathKey
    const { padding: _, ...data } = read.value.data
    return data
  })
  t.deepEqual(told, [{ nextNodeId: carol.nodeId }, { nextNodeId: alice.nodeId }, { pathId }])
})

test('BOLT 4, onion messages — a packet is as long as a payment’s, or of the larger size if it has to be', (t) => {
  const made = (length: number) =>
    createOnionMessage({
      sessionKey,
      pathSessionKey,
      relays: [bob.nodeId],
      destination: { type: 'node', nodeId: carol.nodeId },
      content: { invoice: new Uint8Array(length) },
    })
  for (const [length, packetLength] of [
    [10, 1366],
    [1100, 1366],
    [1300, 32_834],
    [30_000, 32_834],
  ] as const) {
    const result = made(length)
    t.is(result.ok && result.value.message.onionMessagePacket.length, packetLength)
    if (result.ok) t.is(deliver(result.value.peer, result.value.message).received.content.invoice?.length, length)
  }
  t.like(made(33_000), { ok: false, error: { code: 'onion-too-long' } })
  const offCurve = Uint8Array.of(2, ...new Uint8Array(32).fill(0xff))
  const destination = { type: 'node', nodeId: offCurve } as const
  t.deepEqual(createOnionMessage({ sessionKey, pathSessionKey, relays: [], destination, content: {} }), {
    ok: false,
    error: { code: 'invalid-node-id', hop: 0 },
  })
})

test('BOLT 4, onion messages — a path that begins with ourselves is entered at its second node', (t) => {
  const path = createMessagePath(replySession, [bob.nodeId, carol.nodeId], { nodeId: dave.nodeId, pathId })
  const entered = withoutFirstHop(bob.privateKey, path)
  if (entered?.next.type !== 'node') return t.fail()
  t.deepEqual(entered.next.nodeId, carol.nodeId)
  const made = createOnionMessage({
    sessionKey,
    pathSessionKey,
    relays: [],
    destination: { type: 'path', path: entered.rest, firstNodeId: carol.nodeId },
    content: {},
  })
  if (!made.ok) return t.fail(made.error.code)
  t.deepEqual(deliver(made.value.peer, made.value.message).received, { type: 'received', pathId, content: {} })
  t.is(withoutFirstHop(carol.privateKey, path), undefined)
  t.is(
    withoutFirstHop(dave.privateKey, createMessagePath(replySession, [], { nodeId: dave.nodeId, pathId })),
    undefined,
  )
})

const fields = tlvStream<{
  data?: Uint8Array
  request?: Uint8Array
  invoice?: Uint8Array
  odd?: Uint8Array
  even?: Uint8Array
  unknownTlvs?: never
}>({
  data: tlv(4, restBytes),
  request: tlv(64, restBytes),
  invoice: tlv(66, restBytes),
  odd: tlv(71, restBytes),
  even: tlv(6, restBytes),
})

/** Bob's view of a message with these records and these data. */
const atBob = (data: EncryptedData, records: Parameters<typeof fields.encode>[1], isFinal: boolean): string => {
  const { firstPathKey, path } = blindPath(pathSessionKey, [{ nodeId: bob.nodeId, data }])
  const [hop] = path
  if (hop === undefined) return 'no hop'
  const payload = encodeWith(fields, { data: hop.encryptedRecipientData, ...records })
  const hops = [{ nodeId: hop.blindedNodeId, payload }, ...(isFinal ? [] : [{ nodeId: carol.nodeId, payload }])]
  const onion = createOnion({ sessionKey, hops, associatedData: EMPTY, payloadsLength: 1300 })
  if (!onion.ok) return onion.error.code
  const opened = readOnionMessage(bob.privateKey, { pathKey: firstPathKey, onionMessagePacket: onion.value.packet })
  return opened.ok ? opened.value.type : opened.error.reason
}

test('BOLT 4, onion messages — what the reader ignores, on the way and at the end', (t) => {
  const next = { nextNodeId: carol.nodeId }
  const some = Uint8Array.of(1)
  t.is(atBob(next, {}, false), 'forward')
  t.is(atBob({ shortChannelId: 5n }, {}, false), 'forward')
  t.is(atBob({ ...next, allowedFeatures: Uint8Array.of(0) }, {}, false), 'forward')
  t.is(atBob({ pathId }, { odd: some }, true), 'received')
  t.is(atBob({}, { request: some }, true), 'received')
  t.is(atBob({}, {}, true), 'received')

  t.is(atBob(next, { even: some }, false), 'malformed-payload')
  t.is(atBob(next, { data: EMPTY }, false), 'unreadable-recipient-data')
  t.is(atBob({ ...next, unknownTlvs: [{ type: 100n, value: some }] }, {}, false), 'unreadable-recipient-data')
  t.is(atBob({ ...next, allowedFeatures: Uint8Array.of(2) }, {}, false), 'unknown-feature')
  t.is(atBob(next, { odd: some }, false), 'other-records')
  t.is(atBob(next, { request: some }, false), 'other-records')
  t.is(atBob({ ...next, pathId }, {}, false), 'path-id-on-the-way')
  t.is(atBob({}, {}, false), 'no-next-node')
  t.is(atBob({ pathId }, { request: some, invoice: some }, true), 'several-payloads')
  t.is(atBob({ pathId }, { request: some, odd: some }, true), 'several-payloads')
})

test('BOLT 4, onion messages — any packet is read or ignored, never thrown at', (t) => {
  const point = fromHex(ONION_MESSAGE.firstPathKey)
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 1366, maxLength: 1366 })),
      fc.oneof(fc.constant(point), fc.uint8Array({ minLength: 33, maxLength: 33 })),
      (onionMessagePacket, pathKey) => {
        t.false(readOnionMessage(bob.privateKey, { pathKey, onionMessagePacket }).ok)
      },
    ),
    { seed: 42, numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), fc.boolean(), (payload, isFinal) => {
      const { firstPathKey, path } = blindPath(pathSessionKey, [{ nodeId: bob.nodeId, data: {} }])
      const nodeId = path[0]?.blindedNodeId ?? bob.nodeId
      const hops = [{ nodeId, payload }, ...(isFinal ? [] : [{ nodeId: carol.nodeId, payload }])]
      const onion = createOnion({ sessionKey, hops, associatedData: EMPTY })
      if (!onion.ok) return
      readOnionMessage(bob.privateKey, { pathKey: firstPathKey, onionMessagePacket: onion.value.packet })
    }),
    { seed: 43, numRuns: 300 },
  )
})
