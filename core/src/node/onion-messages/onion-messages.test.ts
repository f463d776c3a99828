import test from 'ava'
import { EMPTY, toHex } from '../../lib/bytes.ts'
import { seededRng } from '../../lib/rng.ts'
import { createMessagePath, createOnionMessage } from '../../onion/create-onion-message.ts'
import { blindPath, type PathNode } from '../../onion/route-blinding.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { onionMessageCodec } from '../../wire/messages/onion-message.ts'
import { MessageNet, type NetNode } from './fixtures/message-net.ts'
import { MESSAGE_LIMITS, RATION } from './message-limits.ts'
import { ONION_MESSAGE_TYPES } from './message-room.ts'

const REQUEST = { invoiceRequest: Uint8Array.of(1, 2, 3) }
const rng = seededRng(7)

/** alice — bob — carol — dave, of whom all know each other by the network's gossip. */
const line = (): Record<'net', MessageNet> & Record<'alice' | 'bob' | 'carol' | 'dave', NetNode> => {
  const net = new MessageNet()
  const names = ['alice', 'bob', 'carol', 'dave'] as const
  const [alice, bob, carol, dave] = names.map((name) => net.add(name)) as [NetNode, NetNode, NetNode, NetNode]
  for (const [at, name] of names.entries()) {
    const next = names[at + 1]
    if (next === undefined) continue
    net.connect(name, next)
    net.announce(name, next)
  }
  return { net, alice, bob, carol, dave }
}

const toNode = ({ nodeId }: NetNode) => ({ type: 'node', nodeId }) as const

const made = (relays: readonly NetNode[], to: NetNode, content: object = REQUEST) => {
  const message = createOnionMessage({
    sessionKey: rng.bytes(32),
    pathSessionKey: rng.bytes(32),
    relays: relays.map(({ nodeId }) => nodeId),
    destination: toNode(to),
    content,
  })
  if (!message.ok) throw new Error(message.error.code)
  return encodeWith(onionMessageCodec.body, message.value.message)
}

const hear = (node: NetNode, from: NetNode, payload: Uint8Array): void =>
  node.messages.room.take({ from: from.nodeId, type: onionMessageCodec.number, payload })

test('BOLT 4, onion messages on the node — a message goes over nodes that relay them to whom it is for', async (t) => {
  const { alice, bob, carol, dave } = line()
  t.deepEqual(ONION_MESSAGE_TYPES, [513])
  t.deepEqual(await alice.messages.send(toNode(dave), REQUEST, 'own'), { ok: true, value: undefined })
  t.deepEqual(dave.received, [{ content: REQUEST }])
  t.deepEqual(
    [alice, bob, carol].map(({ received }) => received.length),
    [0, 0, 0],
  )
  t.deepEqual(
    dave.heard.map(({ from }) => from),
    [toHex(carol.nodeId)],
  )
  t.deepEqual(await alice.messages.send(toNode(bob), REQUEST, 'own'), { ok: true, value: undefined })
  t.is(bob.received.length, 1)
  t.deepEqual(await alice.messages.send(toNode(alice), REQUEST, 'own'), {
    ok: false,
    error: { code: 'leads-to-ourselves' },
  })
})

test('BOLT 4, onion messages on the node — a path is joined where it begins, named by a node or by a channel', async (t) => {
  const { net, alice, bob, carol, dave } = line()
  const pathId = Uint8Array.of(9)
  const path = createMessagePath(rng.bytes(32), [carol.nodeId], { nodeId: dave.nodeId, pathId })
  await alice.messages.send({ type: 'path', path }, REQUEST, 'own')
  t.deepEqual(dave.received, [{ pathId, content: REQUEST }])
  // The channel between carol and dave is the third.
  const direction = toHex(carol.nodeId) < toHex(dave.nodeId) ? 0 : 1
  const byChannel = { ...path, firstNodeId: { type: 'sciddir', shortChannelId: 2n, direction } as const }
  await alice.messages.send({ type: 'path', path: byChannel }, REQUEST, 'own')
  t.is(dave.received.length, 2)
  const unknown = { ...path, firstNodeId: { type: 'sciddir', shortChannelId: 9n, direction } as const }
  t.deepEqual(await alice.messages.send({ type: 'path', path: unknown }, REQUEST, 'own'), {
    ok: false,
    error: { code: 'no-way-to-node' },
  })
  // A path that begins with the sender is entered behind it, and one that ends there leads nowhere.
  const fromAlice = createMessagePath(rng.bytes(32), [alice.nodeId, bob.nodeId], { nodeId: carol.nodeId, pathId })
  t.true((await alice.messages.send({ type: 'path', path: fromAlice }, REQUEST, 'own')).ok)
  t.deepEqual(carol.received, [{ pathId, content: REQUEST }])
  const own = createMessagePath(rng.bytes(32), [], { nodeId: alice.nodeId, pathId })
  t.like(await alice.messages.send({ type: 'path', path: own }, REQUEST, 'own'), {
    error: { code: 'leads-to-ourselves' },
  })
  t.deepEqual(net.get('alice').called, [])
})

test('a path of more hops than anybody needs is not followed, whoever its nodes are', async (t) => {
  const { alice, bob } = line()
  const through = (first: NetNode, hops: number) => {
    const nodes = Array.from(
      { length: hops },
      (): PathNode => ({ nodeId: first.nodeId, data: { nextNodeId: first.nodeId } }),
    )
    const firstNodeId = { type: 'pubkey', nodeId: first.nodeId } as const
    return { type: 'path', path: { firstNodeId, ...blindPath(rng.bytes(32), nodes) } } as const
  }
  t.true((await alice.messages.send(through(bob, 20), { invoice: EMPTY }, 'answer')).ok)
  const sent = bob.heard.length
  const refused = { ok: false, error: { code: 'no-way-to-node' } }
  t.deepEqual(await alice.messages.send(through(bob, 21), { invoice: EMPTY }, 'answer'), refused)
  // Each hop that is our own would have to be opened before the message is made.
  t.deepEqual(await alice.messages.send(through(alice, 255), { invoice: EMPTY }, 'answer'), refused)
  t.is(bob.heard.length, sent)
})

test('BOLT 4, onion messages on the node — an answer comes by the reply path alone, and nothing else comes by it', async (t) => {
  const { net, alice, bob, dave } = line()
  const awaited = alice.messages.awaitReply(60_000)
  const [replyPath] = alice.messages.pathsToUs(awaited.pathId, 1)
  if (replyPath === undefined) return t.fail('no path')
  t.true((await alice.messages.send(toNode(dave), { ...REQUEST, replyPath }, 'own')).ok)
  const path = dave.received[0]?.content.replyPath
  if (path === undefined) return t.fail('no reply path')
  const invoice = Uint8Array.of(4)
  // By another way, or by the path something else than a reply: as if nothing had been asked.
  await dave.messages.send(toNode(alice), { invoice }, 'answer')
  await dave.messages.send({ type: 'path', path }, REQUEST, 'answer')
  t.deepEqual(alice.received, [{ content: { invoice } }])
  await dave.messages.send({ type: 'path', path }, { invoice }, 'answer')
  t.deepEqual(await awaited.content, { invoice })
  // Nobody waits any longer: it is a message by an unknown path.
  await dave.messages.send({ type: 'path', path }, { invoice }, 'answer')
  t.is(alice.received.length, 2)
  t.deepEqual(alice.received[1]?.pathId, awaited.pathId)

  const late = alice.messages.awaitReply(60_000)
  await net.clock.advance(60_000)
  t.is(await late.content, undefined)
  const given = alice.messages.awaitReply(60_000)
  given.cancel()
  t.is(await given.content, undefined)
  t.is(bob.received.length, 0)
})

test('paths to us begin with a peer that the network knows, and not with the one who is to use them', (t) => {
  const net = new MessageNet()
  const alice = net.add('alice', { partners: ['bob', 'carol'] })
  for (const name of ['bob', 'carol', 'dave']) {
    net.add(name)
    net.connect('alice', name)
  }
  const [bob, carol] = [net.get('bob'), net.get('carol')]
  const begins = (count: number, apart?: NetNode) =>
    alice.messages
      .pathsToUs(EMPTY, count, apart?.nodeId)
      .map(({ firstNodeId, path }) => [firstNodeId.type === 'pubkey' && toHex(firstNodeId.nodeId), path.length])
  // The network knows nobody: any peer with a channel does.
  t.deepEqual(begins(2), [
    [toHex(bob.nodeId), 2],
    [toHex(carol.nodeId), 2],
  ])
  t.deepEqual(begins(2, bob), [[toHex(carol.nodeId), 2]])
  net.announce('carol', 'dave')
  t.deepEqual(begins(2), [[toHex(carol.nodeId), 2]])
  net.announce('alice', 'carol')
  t.true(alice.messages.isAnnounced)
  t.deepEqual(begins(2, carol), [[toHex(alice.nodeId), 1]])
})

test('BOLT 4, onion messages on the node — what cannot be read, or has no next peer, is dropped without a word', (t) => {
  const { alice, bob, carol } = line()
  const heard = () => [alice, bob, carol].map((node) => node.heard.length)
  const before = heard()
  const sound = made([bob], carol)
  hear(bob, alice, EMPTY)
  hear(bob, alice, sound.subarray(0, 50))
  hear(bob, alice, sound.with(60, (sound[60] as number) ^ 1))
  // For somebody else, and for a node that is no peer.
  hear(bob, alice, made([carol], bob))
  hear(bob, alice, made([bob], { ...alice, nodeId: secondPoint }))
  t.deepEqual(heard(), before)
  t.is(bob.received.length, 0)
  hear(bob, alice, sound)
  t.is(carol.received.length, 1)
})

const secondPoint = new Uint8Array([2, ...new Uint8Array(31).fill(0), 1])

test('BOLT 4, onion messages on the node — a channel names the next peer by an alias of ours, or by its id unless that is hidden', (t) => {
  const net = new MessageNet()
  const alice = net.add('alice')
  const carol = net.add('carol')
  const entry = (scidAlias: boolean) => ({
    remoteNodeId: carol.nodeId,
    state: {
      durable: { phase: 'normal', params: { channelType: { scidAlias } }, shortIds: { real: 5n, localAliases: [6n] } },
    },
  })
  let hidden = true
  const directory = { byShortChannelId: (id: bigint) => (id === 5n || id === 6n ? entry(hidden) : undefined) }
  const bob = net.add('bob', { directory: directory as never })
  net.connect('alice', 'bob')
  net.connect('bob', 'carol')
  const by = (shortChannelId: bigint) => {
    const nodes: PathNode[] = [
      { nodeId: bob.nodeId, data: { shortChannelId } },
      { nodeId: carol.nodeId, data: {} },
    ]
    const path = blindPath(rng.bytes(32), nodes)
    const made = createOnionMessage({
      sessionKey: rng.bytes(32),
      pathSessionKey: rng.bytes(32),
      relays: [],
      destination: { type: 'path', path, firstNodeId: bob.nodeId },
      content: REQUEST,
    })
    if (!made.ok) throw new Error(made.error.code)
    const before = carol.received.length
    hear(bob, alice, encodeWith(onionMessageCodec.body, made.value.message))
    return carol.received.length - before
  }
  t.deepEqual([by(5n), by(6n), by(7n)], [0, 1, 0])
  hidden = false
  t.is(by(5n), 1)
})

test('a message is not given back to whom it came from, and goes to no peer that does not take it', (t) => {
  const { net, alice, bob } = line()
  const before = alice.heard.length
  hear(bob, alice, made([bob], alice))
  t.is(alice.heard.length, before)
  const deaf = net.add('deaf', { takesMessages: false })
  net.connect('bob', 'deaf')
  hear(bob, alice, made([bob], deaf))
  t.is(deaf.heard.length, 0)
})

test('an operator may relay for peers with channels alone, from one to another', (t) => {
  const net = new MessageNet()
  const bob = net.add('bob', { relaying: 'channel-peers', partners: ['alice', 'carol'] })
  for (const name of ['alice', 'carol', 'eve']) {
    net.add(name)
    net.connect('bob', name)
  }
  const [alice, carol, eve] = [net.get('alice'), net.get('carol'), net.get('eve')]
  hear(bob, alice, made([bob], carol))
  hear(bob, alice, made([bob], eve))
  hear(bob, eve, made([bob], carol))
  t.deepEqual([carol.received.length, eve.received.length], [1, 0])
  // BOLT 4: messages for us are taken from everybody.
  hear(bob, eve, made([], bob))
  t.is(bob.received.length, 1)
})

test('strangers together are held to what a node can spare, and take nothing from peers with channels', async (t) => {
  const net = new MessageNet()
  const bob = net.add('bob', { partners: ['alice'] })
  const alice = net.add('alice')
  net.connect('bob', 'alice')
  const crowd = Array.from({ length: 20 }, (_, at) => {
    const node = net.add(`eve${at}`)
    net.connect('bob', `eve${at}`)
    return node
  })
  const payload = made([], bob)
  const flood = (count: number): number => {
    const before = bob.received.length
    for (const node of crowd) for (let i = 0; i < count; i++) hear(bob, node, payload)
    return bob.received.length - before
  }
  t.is(flood(30), MESSAGE_LIMITS.strangers.burst)
  hear(bob, alice, payload)
  t.is(bob.received.length, MESSAGE_LIMITS.strangers.burst + 1)
  await net.clock.advance(1_000)
  t.is(flood(30), MESSAGE_LIMITS.strangers.perSecond)
  t.true(RATION.perSecond < MESSAGE_LIMITS.strangers.perSecond)
  // Of large ones fewer.
  await net.clock.advance(60_000)
  const large = made([], bob, { unknownTlvs: [{ type: 65n, value: new Uint8Array(2_000) }] })
  t.is(large.length > 32_000, true)
  const before = bob.received.length
  for (let i = 0; i < 30; i++) hear(bob, crowd[0] as NetNode, large)
  t.is(bob.received.length - before, Math.floor(MESSAGE_LIMITS.bytesOfPeer.burst / large.length))
})

test('where no way leads, the node is called at its address; strangers cannot have us call without limit', async (t) => {
  const net = new MessageNet()
  const alice = net.add('alice')
  const bob = net.add('bob')
  t.like(await alice.messages.send(toNode(bob), REQUEST, 'own'), { error: { code: 'no-way-to-node' } })
  net.listen('bob')
  t.true((await alice.messages.send(toNode(bob), REQUEST, 'own')).ok)
  t.is(bob.received.length, 1)
  t.deepEqual(alice.called, [toHex(bob.nodeId)])
  await net.clock.advance(120_000)
  t.is(alice.messages.lines.get(bob.nodeId), undefined)

  for (let i = 0; i < 10; i++) {
    net.add(`listener${i}`)
    net.listen(`listener${i}`)
    await alice.messages.send(toNode(net.get(`listener${i}`)), REQUEST, 'answer')
  }
  t.is(alice.called.length, 1 + 5)
  alice.messages.stop()
})

test('a fault in what takes a message, or in an answer, ends nothing else', async (t) => {
  const { net, alice, dave } = line()
  dave.messages.onReceived(async () => {
    throw new Error('a bug')
  })
  await alice.messages.send(toNode(dave), REQUEST, 'own')
  dave.messages.answer(undefined as never, {})
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(net.mistakes, ['onion-message.bug', 'onion-message.bug'])
})
