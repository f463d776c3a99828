import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { equalBytes, fromHex, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import { arbitraryMessage } from '../../wire/fixtures/arbitrary-message.ts'
import { ecdsa, NO_FUNDING_SIGNATURE } from '../../wire/funding-signature.ts'
import type { Effect } from '../state/effects.ts'
import type { ChannelInput, ChannelMessage } from '../state/inputs.ts'
import { REACTIONS } from './common/reactions.ts'
import type { TestParty } from './fixtures/test-party.ts'
import { FUNDING, hashOf, preimageOf, TwoParties } from './fixtures/two-parties.ts'

const sent = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.message.type] : []))

const kinds = (effects: readonly Effect[]): readonly string[] =>
  effects.map((effect) => (effect.type === 'send' ? effect.message.type : effect.type))

const errors = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && (effect.event.type === 'error' || effect.event.type === 'aborted')
      ? [effect.event.error.code]
      : [],
  )

const fulfilled = (effects: readonly Effect[]): boolean =>
  effects.some((effect) => effect.type === 'settle' && effect.outcome.type === 'fulfilled')

const error = (two: TwoParties, text: string): ChannelMessage => ({
  type: 'error',
  channelId: two.alice.funded.params.channelId,
  data: utf8Encode(text),
})

const mutual = (two: TwoParties): void => {
  two.run(two.alice, { type: 'close' })
  two.settle()
}

/** Ways in which a channel comes to be decided by the chain. */
const DECIDED: readonly (readonly [string, (two: TwoParties) => void])[] = [
  ['force-closed', (two) => two.run(two.alice, { type: 'force-close' })],
  ['ended by an error of the peer', (two) => two.alice.recv(error(two, 'no more'))],
  ['ended by a fault of the peer', (two) => two.alice.recv({ ...error(two, ''), type: 'revoke_and_ack' } as never)],
  ['closed together', mutual],
]

for (const [name, end] of DECIDED) {
  test(`BOLT 2, message retransmission — of a channel that the chain decides nothing is said first, though the text asks for it: ${name}`, (t) => {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    end(two)
    t.is(two.alice.phase, 'closing')
    two.disconnect()
    two.connect()
    t.deepEqual(two.names(two.alice), [])
  })
}

test('BOLT 2, message retransmission — for a channel that has failed the error is the answer, and the only one', (t) => {
  const two = new TwoParties().ready()
  two.run(two.alice, { type: 'force-close' })
  two.disconnect()
  two.connect()
  const { channelId } = two.alice.funded.params
  // Bob has not heard of it.
  const [answer, ...rest] = two.alice.recv(two.sentBy(two.bob)[0] as ChannelMessage)
  t.like(answer, { type: 'send', message: { type: 'error', channelId } })
  t.deepEqual(rest, [])
  for (const message of [
    { type: 'channel_ready', channelId, secondPerCommitmentPoint: two.bob.nodeId },
    { type: 'shutdown', channelId, scriptpubkey: two.bob.keys.localShutdownScript },
    { type: 'update_fee', channelId, feeratePerKw: 3000 },
  ] as const) {
    t.deepEqual(two.alice.recv(message), [{ type: 'ignored', message: message.type, why: 'channel-is-over' }])
  }
})

test('recv channel_reestablish — of a peer that has lost our last word of a cooperative close, it gets all of it again', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  two.deliver(two.alice)
  t.deepEqual([two.alice.phase, two.bob.phase], ['negotiating', 'closing'])
  two.disconnect()
  two.connect()
  t.deepEqual(two.names(two.bob), [])
  two.deliver(two.alice)
  t.deepEqual(two.names(two.bob), ['channel_reestablish', 'shutdown'])
  two.settle()
  t.is(two.alice.phase, 'closing')
})

test('fulfil-htlc — on a channel that has failed nothing is sent, and the preimage goes to the chain', (t) => {
  for (const reconnected of [false, true]) {
    const two = new TwoParties().ready()
    two.add(two.alice, 1)
    two.settle()
    two.run(two.bob, { type: 'force-close' })
    two.lose(two.bob)
    if (reconnected) {
      two.disconnect()
      two.connect()
      two.deliver(two.alice)
    }
    t.deepEqual(sent(two.fulfil(two.bob, 0n, 1)), [])
    t.deepEqual(sent(two.fail(two.bob, 0n)), [])
    t.deepEqual(sent(two.run(two.bob, { type: 'sign' })), [])
    t.deepEqual(two.bob.funded.htlcs.received[0]?.preimage, preimageOf(1))
  }
})

test('recv update_fulfill_htlc — on a channel that has failed, the preimage goes to whom we pay for', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  const { channelId } = two.alice.funded.params
  const message = { type: 'update_fulfill_htlc', channelId, id: 0n } as const
  t.false(fulfilled(two.alice.recv({ ...message, paymentPreimage: preimageOf(2) })))
  t.true(fulfilled(two.alice.recv({ ...message, paymentPreimage: preimageOf(1) })))
  t.false(fulfilled(two.alice.recv({ ...message, paymentPreimage: preimageOf(1) })))
})

test('recv update_fulfill_htlc — a preimage that comes after update_fail_htlc of the same HTLC is kept', (t) => {
  for (const signed of [false, true]) {
    const two = new TwoParties().ready()
    two.add(two.alice, 1)
    two.settle()
    two.fail(two.bob, 0n)
    two.deliver(two.bob)
    if (signed) {
      two.sign(two.bob)
      two.deliver(two.bob)
    }
    const { channelId } = two.alice.funded.params
    const effects = two.alice.recv({ type: 'update_fulfill_htlc', channelId, id: 0n, paymentPreimage: preimageOf(1) })
    t.true(fulfilled(effects))
    t.deepEqual(two.alice.funded.htlcs.offered[0]?.preimage, preimageOf(1))
    // Then the rule counts that it broke.
    t.is(two.alice.phase, 'closing')
  }
})

test('recv error — the funder gives up a channel whose funding nobody has seen: it is forgotten if nothing of it is ours', (t) => {
  for (const [pushMsat, phase] of [
    [0n, 'closed'],
    [1000n, 'closing'],
  ] as const) {
    const two = new TwoParties()
    two.open({ pushMsat })
    two.bob.recv(error(two, 'unknown channel'))
    t.is(two.bob.phase, phase)
    t.false(two.bob.effects.some(({ type }) => type === 'publish'))
    const { durable } = two.bob.state
    if (durable.phase === 'closed') t.is(durable.summary.kind, 'never-funded')
  }
})

test('an opening of which our signature never left is forgotten', (t) => {
  const two = new TwoParties()
  two.open({ pushMsat: 1000n })
  two.disconnect()
  two.bob.run({ type: 'forget-unsigned' })
  t.like(two.bob.state.durable, { phase: 'closed', summary: { kind: 'never-funded' } })
})

for (const [name, script, limit] of [
  ['p2pkh', fromHex(`76a914${'11'.repeat(20)}88ac`), 546n],
  ['p2sh', fromHex(`a914${'11'.repeat(20)}87`), 540n],
] as const) {
  test(`recv shutdown — a peer may be paid to ${name}`, (t) => {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    two.run(two.alice, { type: 'close' })
    two.deliver(two.alice)
    two.lose(two.bob)
    const { channelId } = two.alice.funded.params
    two.run(two.alice, {
      type: 'peer-message',
      epoch: 1,
      message: { type: 'shutdown', channelId, scriptpubkey: script },
    })
    t.deepEqual(errors(two.alice), [])
    t.is(two.alice.phase, 'negotiating')
    t.deepEqual(two.names(two.alice), ['closing_signed'])
  })

  test(`BOLT 2, closing_signed — an output below the dust limit of its script is not signed, and fails the channel: to ${name}, below ${limit} sat`, (t) => {
    for (const [sat, phase] of [
      [limit, 'negotiating'],
      [limit - 1n, 'closing'],
    ] as const) {
      const two = new TwoParties().ready({ pushMsat: sat * 1000n })
      two.run(two.alice, { type: 'close' })
      const { channelId } = two.alice.funded.params
      two.alice.recv({ type: 'shutdown', channelId, scriptpubkey: script })
      t.is(two.alice.phase, phase)
      t.deepEqual(errors(two.alice), sat < limit ? ['closing-output-below-dust'] : [])
    }
  })
}

test('recv shutdown — one that repeats with a script of no known form changes nothing and keeps the connection', (t) => {
  const two = new TwoParties().ready()
  const { channelId } = two.bob.funded.params
  const { durable } = two.bob.state
  for (let again = 0; again < 3; again++) {
    const effects = two.bob.recv({ type: 'shutdown', channelId, scriptpubkey: Uint8Array.of(0x51) })
    t.deepEqual(kinds(effects), ['warning', 'emit'])
    t.is(two.bob.state.durable, durable)
  }
})

test('recv update_add_htlc — with a record of one’s own that must be understood, the HTLC is committed and given back', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  const add = two.sentBy(two.alice)[0] as ChannelMessage
  const unknownTlvs = [{ type: 65_536n, value: Uint8Array.of(1) }]
  two.sentBy(two.alice)[0] = { ...add, unknownTlvs } as ChannelMessage
  two.settle()
  const forwarded = two.bob.effects.find(({ type }) => type === 'forward')
  t.like(forwarded, { refusal: 'unknown-records-in-htlc' })
  t.is(two.bob.phase, 'normal')
})

test('BOLT 1, error — those of an opening name it by its temporary id: of both, where a record that must be understood refuses it', (t) => {
  const open = { type: 'open', requestId: 'open', funding: FUNDING, pushMsat: 0n, announce: false } as const
  const unknownTlvs = [{ type: 4n, value: new Uint8Array(66) }]
  for (const refusing of ['bob', 'alice'] as const) {
    const two = new TwoParties()
    const { alice, bob } = two
    two.run(alice, { ...open, keys: alice.keys, fundingFeeratePerKw: 1000, upfrontShutdown: false })
    const { temporaryChannelId } = two.sentBy(alice)[0] as Extract<ChannelMessage, { type: 'open_channel' }>
    if (refusing === 'alice') {
      two.deliver(alice)
      two.run(bob, { type: 'accept', keys: bob.keys, upfrontShutdown: false })
    }
    const queue = two.sentBy(two.other(two[refusing]))
    queue[0] = { ...(queue[0] as ChannelMessage), unknownTlvs } as ChannelMessage
    two.deliver(two.other(two[refusing]))
    t.deepEqual(errors(two[refusing]), ['unknown-records'])
    t.like(two.sentBy(two[refusing])[0], { type: 'error', channelId: temporaryChannelId })
  }
})

for (const text of [
  'internal error',
  'Internal Error ',
  'link shutting down',
  'link failed to shutdown',
  'sync error',
]) {
  test(`BOLT 1, error — one fails its channel, unless its text is known to mean something else: ${JSON.stringify(text)} is a warning, a disconnection, and no end`, (t) => {
    const two = new TwoParties().ready()
    two.add(two.alice, 1)
    two.settle()
    two.alice.effects.length = 0
    const { durable } = two.alice.state
    t.deepEqual(kinds(two.alice.recv(error(two, text))), ['warning', 'emit', 'disconnect'])
    t.is(two.alice.state.durable, durable)
    t.deepEqual(errors(two.alice), ['peer-error-forborne'])
    two.disconnect()
    two.connect()
    two.settle()
    t.is(two.alice.phase, 'normal')
    // The deadlines of HTLCs in flight do not wait.
    two.alice.recv(error(two, text))
    two.alice.env = { ...two.alice.env, height: 1146 }
    two.alice.run({ type: 'block', height: 1146 })
    t.is(two.alice.phase, 'closing')
  })
}

for (const text of ['unable to resume channel, recovery required', 'internal error: channel is gone', '']) {
  test(`BOLT 1, error — one fails its channel, unless its text is known to mean something else: ${JSON.stringify(text)}`, (t) => {
    const two = new TwoParties().ready()
    two.alice.recv(error(two, text))
    t.is(two.alice.phase, 'closing')
  })
}

test('before channel_reestablish — a message that may not come is answered by a warning and a new connection', (t) => {
  const two = new TwoParties().ready()
  const { channelId } = two.alice.funded.params
  two.disconnect()
  two.connect()
  const { durable } = two.alice.state
  const point = two.bob.nodeId
  const messages: readonly ChannelMessage[] = [
    { type: 'channel_ready', channelId, secondPerCommitmentPoint: point },
    { type: 'shutdown', channelId, scriptpubkey: two.bob.keys.localShutdownScript },
    { type: 'update_fee', channelId, feeratePerKw: 3000 },
    { type: 'update_fail_htlc', channelId, id: 0n, reason: new Uint8Array(0) },
    { type: 'commitment_signed', channelId, signature: NO_FUNDING_SIGNATURE, htlcSignatures: [] },
    { type: 'revoke_and_ack', channelId, perCommitmentSecret: new Uint8Array(32), nextPerCommitmentPoint: point },
    {
      type: 'update_add_htlc',
      channelId,
      id: 0n,
      amountMsat: 1_000_000n,
      paymentHash: hashOf(1),
      cltvExpiry: 1100,
      onionRoutingPacket: new Uint8Array(1366),
    },
  ]
  for (const message of messages) t.deepEqual(kinds(two.alice.recv(message)), ['warning', 'emit', 'disconnect'])
  t.is(two.alice.state.durable, durable)
})

test('a peer that reestablishes only what is confirmed — its channel_ready ends in a reconnection, and the channel is usable', (t) => {
  const two = new TwoParties()
  two.open()
  two.disconnect()
  two.connect()
  // As LND: no channel_reestablish while the funding is unconfirmed, and none before channel_ready.
  two.lose(two.bob)
  two.confirm(two.alice)
  two.confirm(two.bob)
  const { channelId } = two.alice.funded.params
  const ready = { type: 'channel_ready', channelId, secondPerCommitmentPoint: two.bob.env.commitmentPoint(1) } as const
  t.true(two.alice.recv(ready).some(({ type }) => type === 'disconnect'))
  two.disconnect()
  two.connect()
  two.settle()
  t.deepEqual([two.alice.phase, two.bob.phase], ['normal', 'normal'])
})

test('recv channel_reestablish — a second one on the same connection starts the connection over', (t) => {
  const two = new TwoParties().ready()
  two.disconnect()
  two.connect()
  const again = two.sentBy(two.bob)[0] as ChannelMessage
  two.settle()
  t.deepEqual(kinds(two.alice.recv(again)), ['warning', 'emit', 'disconnect'])
  t.is(two.alice.phase, 'normal')
})

test('a connected peer that is silent about a channel has abandoned it: the operator is told', (t) => {
  const two = new TwoParties().ready()
  two.disconnect()
  two.connect()
  const timer = { type: 'timer', timer: 'reestablishment' } as const
  t.true(two.alice.effects.some((effect) => effect.type === 'schedule' && effect.timer === timer.timer))
  two.alice.run(timer)
  t.deepEqual(errors(two.alice), ['abandoned-by-peer'])
  t.is(two.alice.phase, 'normal')
  two.settle()
  t.deepEqual(kinds(two.bob.run(timer)), [])
})

test('BOLT 1, error — those of an opening name it by its temporary id: of the funder up to funding_created', (t) => {
  const opening = { type: 'open', requestId: 'open', funding: FUNDING, pushMsat: 0n, announce: false } as const
  const two = new TwoParties()
  const { alice, bob } = two
  two.run(alice, { ...opening, keys: alice.keys, fundingFeeratePerKw: 1000, upfrontShutdown: false })
  const { temporaryChannelId } = two.sentBy(alice)[0] as Extract<ChannelMessage, { type: 'open_channel' }>
  const early = alice.recv({ type: 'funding_signed', channelId: temporaryChannelId, signature: NO_FUNDING_SIGNATURE })
  t.like(early[0], { type: 'send', message: { type: 'error', channelId: temporaryChannelId } })

  const later = new TwoParties()
  later.open()
  const { channelId } = later.bob.funded.params
  const signed = new TwoParties()
  openUntilSigned(signed)
  const [answer] = signed.alice.recv({
    type: 'funding_signed',
    channelId,
    signature: ecdsa(new Uint8Array(64).fill(1)),
  })
  t.like(answer, { type: 'send', message: { type: 'error', channelId } })
  t.is(bob.phase, 'idle')
})

/** Up to where the funder waits for funding_signed, which is lost. */
const openUntilSigned = (two: TwoParties): void => {
  const { deliver } = two
  two.deliver = (from) => {
    if (two.sentBy(from)[0]?.type === 'funding_signed') {
      two.lose(from)
      return undefined
    }
    return deliver.call(two, from)
  }
  two.open()
}

test('an error about a signature holds the transaction that it is not for', (t) => {
  const two = new TwoParties().ready()
  two.add(two.bob, 1)
  const { channelId } = two.alice.funded.params
  const [answer] = two.alice.recv({
    type: 'commitment_signed',
    channelId,
    signature: ecdsa(new Uint8Array(64).fill(1)),
    htlcSignatures: [],
  })
  if (answer?.type !== 'send' || answer.message.type !== 'error') return t.fail()
  t.regex(utf8Decode(answer.message.data), /^invalid commitment signature: 02000000[0-9a-f]{100,}$/)
  t.true(equalBytes(answer.message.channelId, channelId))
})

test('BOLT 1, error — one is said only where the channel ends or is no more', (t) => {
  for (const [code, { scope, answer, clause }] of Object.entries(REACTIONS)) {
    t.regex(clause, /^(BOLT \d|Ours)/, code)
    if (answer === 'error') t.true(scope === 'channel' || code === 'unknown-channel' || code === 'channel-failed', code)
    if (answer === 'warning') t.true(scope === 'connection' || scope === 'message', code)
  }
})

const CHANNEL_MESSAGES: ReadonlySet<string> = new Set([
  'channel_ready',
  'shutdown',
  'closing_signed',
  'update_add_htlc',
  'update_fulfill_htlc',
  'update_fail_htlc',
  'update_fail_malformed_htlc',
  'commitment_signed',
  'revoke_and_ack',
  'update_fee',
  'channel_reestablish',
  'error',
  'warning',
])

const ofTheChannel = (channelId: Uint8Array): fc.Arbitrary<ChannelInput> => {
  const message = arbitraryMessage
    .filter(({ type }) => CHANNEL_MESSAGES.has(type))
    .map((each) => ({ ...each, ...('channelId' in each ? { channelId } : {}) }) as ChannelMessage)
  const id = fc.bigInt({ min: 0n, max: 3n })
  return fc.oneof(
    message.map((each): ChannelInput => ({ type: 'peer-message', epoch: 1, message: each })),
    id.map((htlcId): ChannelInput => ({ type: 'fulfil-htlc', htlcId, preimage: preimageOf(Number(htlcId)) })),
    id.map((htlcId): ChannelInput => ({ type: 'fail-htlc', htlcId, reason: new Uint8Array(292) })),
    fc.constantFrom<ChannelInput>(
      { type: 'sign' },
      { type: 'update-fee', feeratePerKw: 3000 },
      { type: 'set-relay-fees', policy: { feeBaseMsat: 5n } },
      { type: 'close' },
      { type: 'force-close' },
      { type: 'timer', timer: 'closing-answer' },
      { type: 'timer', timer: 'reestablishment' },
      { type: 'block', height: 1001 },
    ),
  )
}

test('on a channel that has failed nothing is ever sent but the error that ended it', (t) => {
  const { channelId } = new TwoParties().ready().alice.funded.params
  fc.assert(
    fc.property(fc.array(ofTheChannel(channelId), { maxLength: 30 }), (inputs) => {
      const two = new TwoParties().ready({ pushMsat: 300_000_000n })
      for (const n of [0, 1]) {
        two.add(two.alice, n)
        two.add(two.bob, n)
      }
      two.settle()
      two.run(two.alice, { type: 'force-close' })
      for (const input of inputs) {
        for (const type of sent(two.alice.run(input))) t.is(type, 'error')
      }
    }),
    { numRuns: 60, seed: 7 },
  )
})

/** How a channel comes to be in each of its phases, and at rest. */
const STANDINGS: readonly (readonly [string, (two: TwoParties) => unknown])[] = [
  ['normal', () => undefined],
  ['shutdown', (two) => [two.add(two.alice, 0), two.settle(), two.run(two.alice, { type: 'close' }), two.settle()]],
  ['negotiating', (two) => [two.run(two.bob, { type: 'close' }), two.deliver(two.bob), two.deliver(two.alice)]],
  ['closing together', (two) => [two.run(two.alice, { type: 'close' }), two.settle()]],
  ['failed', (two) => two.run(two.alice, { type: 'force-close' })],
  ['not reestablished', (two) => [two.disconnect(), two.connect()]],
]

for (const [standing, reach] of STANDINGS) {
  test(`no message of the peer is passed over without a word — ${standing}`, (t) => {
    const { channelId } = new TwoParties().ready().alice.funded.params
    const messages = arbitraryMessage
      .filter(({ type }) => CHANNEL_MESSAGES.has(type) || type === 'channel_update')
      .map((each) => ({ ...each, ...('channelId' in each ? { channelId } : {}) }) as ChannelMessage)
    fc.assert(
      fc.property(messages, (message) => {
        const two = new TwoParties().ready({ pushMsat: 300_000_000n })
        reach(two)
        const { alice } = two
        const epoch = alice.state.session?.epoch ?? 0
        // Twice: what is acted on the first time may be a repetition the second time.
        for (const _ of [1, 2]) {
          const known = alice.state
          const effects = alice.recv(message, epoch)
          t.true(effects.length > 0 || !isDeepStrictEqual(alice.state, known), message.type)
          if (alice.state.session === undefined) break
        }
      }),
      { numRuns: 60, seed: 7 },
    )
  })
}
