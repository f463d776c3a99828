import test from 'ava'
import type { HtlcOutcome } from '../../channel/state/effects.ts'
import type { RelayPolicy } from '../../channel/state/params.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { encodeFailure, type FailureMessage } from '../../onion/failure-message.ts'
import { decryptFailureOnion } from '../../onion/failure-onion.ts'
import type { RelayPayload } from '../../onion/hop-payload.ts'
import { createOnion } from '../../onion/sphinx.ts'
import { named, peelAlong, signedUpdate, testNode } from '../fixtures/nodes.ts'
import { relayEnv } from '../fixtures/relay-env.ts'
import { failureCommand, type UpstreamFailure } from '../upstream-failure.ts'
import { decodeRelayRecord, encodeRelayRecord } from './relay-codec.ts'
import { resumedRelay, startRelay, stepRelay } from './relay-machine.ts'
import type { OfferedRelay, RelayChannel, RelayEffect, RelayEnv, RelayRequest, RelayState } from './relay-protocol.ts'
import { isNamed } from './relay-rules.ts'

const us = testNode('us')
const bob = testNode('bob')

const policy: RelayPolicy = {
  feeBaseMsat: 1000n,
  feeProportionalMillionths: 100,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: 1000n,
  htlcMaximumMsat: 50_000_000n,
}

const channel = (name: string, more: Partial<RelayChannel> = {}): RelayChannel => ({
  channelId: named(name),
  remoteNodeId: bob.nodeId,
  shortIds: { real: 100n, localAliases: [11n, 12n] },
  aliasOnly: false,
  policies: { current: policy, since: 0, updateTimestamp: 1 },
  status: 'usable',
  spendableMsat: 20_000_000n,
  ...more,
})

const request = (more: Partial<RelayRequest> = {}, payload: Partial<RelayPayload> = {}): RelayRequest => ({
  incoming: { channelId: named('incoming'), htlcId: 5n },
  amountMsat: 1_001_100n,
  cltvExpiry: 640,
  paymentHash: named('hash'),
  payload: {
    type: 'relay',
    amtToForward: 1_000_000n,
    outgoingCltvValue: 600,
    next: { type: 'channel', shortChannelId: 100n },
    ...payload,
  },
  nextOnion: new Uint8Array(1366),
  ...more,
})

const update = signedUpdate(us, { shortChannelId: 100n })

const env = (channels: readonly RelayChannel[], more: Partial<RelayEnv> = {}): RelayEnv =>
  relayEnv({
    named: (shortChannelId) => channels.find((each) => isNamed(each, shortChannelId)),
    byRoom: (peer) =>
      channels
        .filter(({ remoteNodeId, status }) => equalBytes(remoteNodeId, peer) && status === 'usable')
        .toSorted((a, b) => (a.spendableMsat > b.spendableMsat ? -1 : 1)),
    channelUpdate: (_, shortChannelId) => (shortChannelId === 100n ? update : undefined),
    nextHtlcId: () => 70n,
    minCltvExpiryDelta: 3,
    ...more,
  })

const refusal = (asked: RelayRequest, world: RelayEnv) => {
  const { state, effects } = startRelay(asked, world)
  if (state !== undefined) return undefined
  const [fail, told] = effects
  if (fail?.type !== 'fail' || fail.failure.type !== 'own' || told?.type !== 'relay-failed')
    throw new Error('no refusal')
  if (told.source !== 'us' || told.code !== fail.failure.failure.type) throw new Error('told otherwise')
  return fail.failure.failure
}

const offered = (state: RelayState | undefined): OfferedRelay => {
  if (state?.phase !== 'offered') throw new Error('not offered')
  return state
}

const started = (asked: RelayRequest, world: RelayEnv): OfferedRelay => offered(startRelay(asked, world).state)

test('BOLT 4, payload format — a relay passes on what pays its fee and leaves its blocks, and nothing else: over the channel that is named', (t) => {
  const { state, effects } = startRelay(request(), env([channel('a')]))
  t.deepEqual(effects, [
    {
      type: 'add-htlc',
      channelId: named('a'),
      amountMsat: 1_000_000n,
      cltvExpiry: 600,
      paymentHash: named('hash'),
      onion: new Uint8Array(1366),
      upstream: { channelId: named('incoming'), htlcId: 5n },
    },
  ])
  t.deepEqual(offered(state).record, {
    paymentHash: named('hash'),
    incoming: [{ channelId: named('incoming'), htlcId: 5n, amountMsat: 1_001_100n, cltvExpiry: 640 }],
    requested: { type: 'channel', shortChannelId: 100n },
    startedAt: 10_000_000,
    outgoing: [{ channelId: named('a'), amountMsat: 1_000_000n, cltvExpiry: 600, firstHtlcId: 70n }],
  })
})

test('BOLT 2, forwarding HTLCs — one that has expired, or is nearer to its expiry than the outgoing channel’s delta, is given back', (t) => {
  for (let height = 500; height < 660; height++) {
    const isNear = 640 - height < policy.cltvExpiryDelta
    const given = refusal(request(), env([channel('a')], { height }))
    if (isNear) t.is(given?.type, 'expiry_too_soon', `${height}`)
    else if (height <= 597) t.is(given, undefined, `${height}`)
  }
  t.is(refusal(request({}, { outgoingCltvValue: 601 }), env([channel('a')]))?.type, 'incorrect_cltv_expiry')
})

test('an HTLC that its channel wants back is not relayed', (t) => {
  const wanted = { type: 'temporary_channel_failure' } as const
  t.deepEqual(refusal(request({ refusal: wanted }), env([channel('a')])), wanted)
})

test('BOLT 2, channel_ready — a channel goes by its real id and by every alias that we gave out, unless it goes by aliases only', (t) => {
  const open = channel('a')
  for (const id of [100n, 11n, 12n]) t.true(isNamed(open, id))
  t.false(isNamed(open, 13n))
  t.false(isNamed(channel('a', { shortIds: { localAliases: [11n] } }), 100n))
  const hidden = channel('a', { aliasOnly: true })
  t.false(isNamed(hidden, 100n))
  t.true(isNamed(hidden, 11n))
  t.deepEqual(refusal(request(), env([hidden])), { type: 'unknown_next_peer' })
})

test('BOLT 4, failure messages — a relay refuses with the failure that fits, its data, and our update by the name that the sender used where it corrects', (t) => {
  const channelUpdate = update
  const world = env([channel('a')])
  t.deepEqual(refusal(request(), env([])), { type: 'unknown_next_peer' })
  t.deepEqual(refusal(request({}, { amtToForward: 999n }), world), {
    type: 'amount_below_minimum',
    htlcMsat: 999n,
    channelUpdate,
  })
  t.deepEqual(refusal(request({ amountMsat: 1_001_099n }), world), {
    type: 'fee_insufficient',
    htlcMsat: 1_001_099n,
    channelUpdate,
  })
  t.deepEqual(refusal(request({ cltvExpiry: 639 }), world), {
    type: 'incorrect_cltv_expiry',
    cltvExpiry: 600,
    channelUpdate,
  })
  t.deepEqual(refusal(request({ cltvExpiry: 600 }, { outgoingCltvValue: 502 }), world), {
    type: 'expiry_too_soon',
    channelUpdate,
  })
  t.deepEqual(refusal(request({ cltvExpiry: 3000 }, { outgoingCltvValue: 2517 }), world), { type: 'expiry_too_far' })
  t.deepEqual(refusal(request(), env([channel('a', { status: 'closing' })])), {
    type: 'channel_disabled',
    disabledFlags: 0,
    channelUpdate,
  })
  // BOLT 4: without an update, whose length is then 0 on the wire.
  const transient = { type: 'temporary_channel_failure' } as const
  t.is(toHex(encodeFailure(transient)), '10070000')
  t.deepEqual(refusal(request(), env([channel('a', { status: 'offline' })])), transient)
  t.deepEqual(refusal(request(), env([channel('a', { spendableMsat: 999_999n })])), transient)
  t.deepEqual(refusal(request({ amountMsat: 99_000_000n }, { amtToForward: 50_000_001n }), world), transient)
  t.deepEqual(refusal(request({ amountMsat: 1n }, { next: { type: 'channel', shortChannelId: 11n } }), world), {
    type: 'fee_insufficient',
    htlcMsat: 1n,
    channelUpdate: undefined,
  })
})

test('BOLT 4, payload format — a relay passes on what pays its fee and leaves its blocks, and nothing else: what just does', (t) => {
  const world = env([channel('a', { spendableMsat: 1_000_000n })])
  t.is(refusal(request(), world), undefined)
  t.is(refusal(request({ cltvExpiry: 543 }, { outgoingCltvValue: 503 }), world), undefined)
  t.is(refusal(request({ cltvExpiry: 2556 }, { outgoingCltvValue: 2516 }), world), undefined)
})

test('the policy before is honoured for ten minutes (BOLT 7)', (t) => {
  const dearer = { ...policy, feeBaseMsat: 5000n, cltvExpiryDelta: 80 }
  const policies = { current: dearer, previous: policy, since: 10_000_000, updateTimestamp: 2 }
  const at = (now: number) => env([channel('a', { policies })], { now })
  t.is(refusal(request(), at(10_599_999)), undefined)
  t.is(refusal(request(), at(10_600_000))?.type, 'fee_insufficient')
  t.is(refusal(request({ amountMsat: 1_001_099n }), at(10_000_001))?.type, 'fee_insufficient')
  // One of the two policies must be satisfied as a whole.
  t.is(refusal(request({ amountMsat: 1_001_099n, cltvExpiry: 680 }), at(10_000_001))?.type, 'fee_insufficient')
})

test('BOLT 4, non-strict forwarding — another channel with the same peer steps in, the one with the most room first', (t) => {
  const named100 = channel('a', { spendableMsat: 1n })
  const others = [
    channel('b', { shortIds: { localAliases: [21n] }, spendableMsat: 2_000_000n }),
    channel('c', { shortIds: { localAliases: [31n] }, spendableMsat: 3_000_000n }),
    channel('d', { shortIds: { localAliases: [41n] }, status: 'offline' }),
  ]
  t.deepEqual(started(request(), env([named100, ...others])).record.outgoing[0].channelId, named('c'))
})

test('BOLT 4, packets — an HTLC that cannot be passed on is failed: a channel that refuses is followed by the next, and the last by a failure', (t) => {
  const world = env([channel('a'), channel('b', { shortIds: { localAliases: [21n] } })])
  const refused = { type: 'added', result: { ok: false, error: { code: 'too-many-htlcs' } } } as const
  const second = stepRelay(started(request(), world), refused, world)
  t.deepEqual(
    second.effects.map((effect) => effect.type),
    ['add-htlc'],
  )
  t.deepEqual(offered(second.state).record.outgoing[0].channelId, named('b'))
  const last = stepRelay(second.state as RelayState, refused, world)
  t.is(last.state, undefined)
  const [fail] = last.effects
  t.deepEqual(fail, {
    type: 'fail',
    htlc: { channelId: named('incoming'), htlcId: 5n },
    failure: { type: 'own', failure: { type: 'temporary_channel_failure' } },
  })
})

const outgoing = (): OfferedRelay => {
  const world = env([channel('a')])
  const step = stepRelay(
    started(request(), world),
    { type: 'added', result: { ok: true, value: { htlcId: 9n } } },
    world,
  )
  return offered(step.state)
}
const outcomeOf = (outcome: HtlcOutcome, state: RelayState = outgoing()): readonly RelayEffect[] => {
  const step = stepRelay(state, { type: 'settled', outcome }, env([channel('a')]))
  if (step.state !== undefined) throw new Error('still under way')
  return step.effects
}

test('BOLT 2, cltv_expiry_delta selection — nothing goes out for an HTLC that could not be claimed, at first or when a channel has refused it', (t) => {
  const transient: FailureMessage = { type: 'temporary_channel_failure' }
  const lost: Partial<RelayEnv> = { canClaim: ({ htlcId }) => htlcId !== 5n }
  t.deepEqual(refusal(request(), env([channel('a')], lost)), transient)
  const state = started(request(), env([channel('a'), channel('b')]))
  const refused = { type: 'added', result: { ok: false, error: { code: 'channel-offline' } } } as const
  const { effects } = stepRelay(state, refused, env([channel('a'), channel('b')], lost))
  t.deepEqual(effects[0], { type: 'fail', htlc: request().incoming, failure: { type: 'own', failure: transient } })
  t.false(effects.some(({ type }) => type === 'add-htlc'))
})

test('the id of the outgoing HTLC goes into the row', (t) => {
  const { record } = outgoing()
  t.is(record.outgoing[0].htlcId, 9n)
  t.deepEqual(decodeRelayRecord(encodeRelayRecord(record)), { ok: true, value: record })
  const early = started(request(), env([channel('a')])).record
  t.deepEqual(decodeRelayRecord(encodeRelayRecord(early)), { ok: true, value: early })
})

test('BOLT 2, forwarding HTLCs — a preimage goes upstream, and what we earned is told', (t) => {
  const state = outgoing()
  t.deepEqual(outcomeOf({ type: 'fulfilled', preimage: named('preimage'), onChain: false }, state), [
    { type: 'fulfil', htlc: { channelId: named('incoming'), htlcId: 5n }, preimage: named('preimage') },
    { type: 'relayed', record: state.record, feeMsat: 1_100n },
  ])
})

test('BOLT 4, returning errors — a failure from downstream goes upstream as it came, in one more layer', (t) => {
  const reason = named('reason')
  const [fail, told] = outcomeOf({ type: 'failed', failure: { type: 'fail', reason } })
  t.deepEqual(fail, {
    type: 'fail',
    htlc: { channelId: named('incoming'), htlcId: 5n },
    failure: { type: 'downstream', reason },
  })
  t.is(told?.type === 'relay-failed' ? told.source : undefined, 'downstream')
  t.is(told?.type === 'relay-failed' ? told.code : '', undefined)
})

test('BOLT 2, removing an HTLC — an onion that the next node could not read is reported by us', (t) => {
  const failure = { type: 'malformed', sha256OfOnion: named('onion'), failureCode: 0xc005 } as const
  const [fail] = outcomeOf({ type: 'failed', failure })
  t.deepEqual(fail, {
    type: 'fail',
    htlc: { channelId: named('incoming'), htlcId: 5n },
    failure: { type: 'own', failure: { type: 'invalid_onion_hmac', sha256OfOnion: named('onion') } },
  })
})

test('an HTLC that timed out on the chain fails for good', (t) => {
  const [fail] = outcomeOf({ type: 'timed-out-on-chain' })
  t.deepEqual(fail?.type === 'fail' ? fail.failure : undefined, {
    type: 'own',
    failure: { type: 'permanent_channel_failure' },
  })
})

test('an HTLC that was never sent is offered elsewhere, or given back after a restart', (t) => {
  const world = env([channel('a'), channel('b', { shortIds: { localAliases: [21n] } })])
  const again = stepRelay(outgoing(), { type: 'settled', outcome: { type: 'not-sent' } }, world)
  const outgoingAgain = { channelId: named('b'), amountMsat: 1_000_000n, cltvExpiry: 600, firstHtlcId: 70n }
  t.deepEqual(offered(again.state).record.outgoing, [outgoingAgain])
  const [fail] = outcomeOf({ type: 'not-sent' }, resumedRelay(outgoing().record))
  t.is(fail?.type, 'fail')
})

test('BOLT 4, returning errors — a failure from downstream goes upstream as it came, in one more layer: and is read by the origin', (t) => {
  const nodes = [us, bob]
  const onion = createOnion({
    sessionKey: named('session'),
    hops: nodes.map(({ nodeId }, i) => ({
      nodeId,
      // amt_to_forward, outgoing_cltv_value and, for the first, short_channel_id.
      payload: Uint8Array.of(2, 1, 1, 4, 1, 1, ...(i === 0 ? [6, 8, 0, 0, 0, 0, 0, 0, 0, 100] : [])),
    })),
    associatedData: named('hash'),
  })
  if (!onion.ok) throw new Error(onion.error.code)
  const { packet, sharedSecrets } = onion.value
  const { secrets } = peelAlong(packet, named('hash'), nodes)
  const [ours, theirs] = secrets as [Uint8Array, Uint8Array]
  const failure = { type: 'temporary_node_failure' } as const
  const failureReason = (sharedSecret: Uint8Array, told: UpstreamFailure): Uint8Array => {
    const command = failureCommand(5n, told, 0, { type: 'open', sharedSecret })
    return command.type === 'fail-htlc' ? command.reason : new Uint8Array(0)
  }
  t.deepEqual(decryptFailureOnion(sharedSecrets, failureReason(ours, { type: 'own', failure })), {
    ok: true,
    value: { originIndex: 0, failure },
  })
  const reason = failureReason(theirs, { type: 'own', failure })
  t.deepEqual(decryptFailureOnion(sharedSecrets, failureReason(ours, { type: 'downstream', reason })), {
    ok: true,
    value: { originIndex: 1, failure },
  })
})

test('a relay whose outcome only the chain can tell is given back three blocks before its HTLC would cost the channel it came by', (t) => {
  const world = env([channel('a')], { isLeftToChain: () => true })
  const relay = started(request(), world)
  const early = stepRelay(relay, { type: 'block' }, { ...world, height: 636 })
  t.is(early.state, relay)
  t.deepEqual(early.effects, [])
  const { state, effects } = stepRelay(relay, { type: 'block' }, { ...world, height: 637 })
  t.is(state, undefined)
  const [fail, told] = effects
  t.like(fail, { type: 'fail', failure: { type: 'own', failure: { type: 'permanent_channel_failure' } } })
  t.like(told, { type: 'relay-failed', source: 'us', code: 'permanent_channel_failure' })
})

test('a relay is kept while its next peer can still answer, and where giving it back saves no channel', (t) => {
  const late = (more: Partial<RelayEnv>): RelayEnv =>
    env([channel('a')], { isLeftToChain: () => true, height: 700, ...more })
  const relay = started(request(), env([channel('a')]))
  for (const world of [late({ isLeftToChain: () => false }), late({ takesBack: () => false })]) {
    t.deepEqual(stepRelay(relay, { type: 'block' }, world), { state: relay, effects: [] })
  }
  // After a restart as well.
  const [fail] = stepRelay(resumedRelay(relay.record), { type: 'block' }, late({})).effects
  t.is(fail?.type, 'fail')
})

const asking = (channels: readonly RelayChannel[], more: Partial<RelayEnv> = {}): RelayEnv =>
  env(channels, { isAsked: () => true, ...more })
const goesOn = { type: 'decided', verdict: { type: 'continue' } } as const
const fails = { type: 'decided', verdict: { type: 'fail', failure: { type: 'unknown_next_peer' }, by: 'a' } } as const

test('a relay that somebody is to be asked about waits, and offers nothing until it may go on', (t) => {
  const world = asking([channel('a')])
  const { state, effects } = startRelay(request(), world)
  t.is(state?.phase, 'waiting')
  const question = {
    paymentHash: named('hash'),
    incoming: { channelId: named('incoming'), htlcId: 5n, amountMsat: 1_001_100n, cltvExpiry: 640 },
    outgoing: { channelId: named('a'), amountMsat: 1_000_000n, cltvExpiry: 600 },
    height: 500,
  }
  t.deepEqual(effects, [{ type: 'ask', question }])
  const later = { ...world, now: world.now + 2_000 }
  const went = stepRelay(state as RelayState, goesOn, later)
  t.deepEqual(
    went.effects.map(({ type }) => type),
    ['add-htlc'],
  )
  // When it came counts, not when it was decided.
  t.is(offered(went.state).record.startedAt, world.now)
})

test('what would be refused is not asked about', (t) => {
  for (const world of [asking([]), asking([channel('a')], { canClaim: () => false })]) {
    t.is(startRelay(request(), world).state, undefined)
  }
  t.is(startRelay(request({ refusal: { type: 'temporary_channel_failure' } }), asking([channel('a')])).state, undefined)
})

test('a relay that is failed while it waits is given back, and who failed it is told', (t) => {
  const world = asking([channel('a')])
  const { state } = startRelay(request(), world)
  const { state: after, effects } = stepRelay(state as RelayState, fails, world)
  t.is(after, undefined)
  t.like(effects[0], { type: 'fail', failure: { type: 'own', failure: { type: 'unknown_next_peer' } } })
  t.like(effects[1], { type: 'relay-failed', source: 'us', code: 'unknown_next_peer', by: 'a' })
})

test('a relay that may go on is checked once more, as things are then', (t) => {
  const { state } = startRelay(request(), asking([channel('a')]))
  const [fail] = stepRelay(state as RelayState, goesOn, asking([channel('a')], { canClaim: () => false })).effects
  t.is(fail?.type, 'fail')
  const drained = channel('a', { spendableMsat: 1n })
  const other = channel('b', { shortIds: { localAliases: [21n] } })
  const went = stepRelay(state as RelayState, goesOn, asking([drained, other]))
  t.deepEqual(offered(went.state).record.outgoing[0].channelId, named('b'))
})

test('BOLT 2, forwarding HTLCs — a relay that waits is given back by the block at which it could not go out any more', (t) => {
  const world = asking([channel('a')])
  const { state } = startRelay(request(), world)
  const kept = stepRelay(state as RelayState, { type: 'block' }, { ...world, height: 597 })
  t.deepEqual(kept, { state, effects: [] })
  const { state: after, effects } = stepRelay(state as RelayState, { type: 'block' }, { ...world, height: 598 })
  t.is(after, undefined)
  t.like(effects[0], { type: 'fail', failure: { type: 'own', failure: { type: 'expiry_too_soon' } } })
})

test('a verdict about a relay that is out changes nothing', (t) => {
  const out = outgoing()
  for (const input of [goesOn, fails]) {
    t.deepEqual(stepRelay(out, input, asking([channel('a')])), { state: out, effects: [] })
  }
})

test('a relay that is found at a start waits for the channel it goes out of, and is asked about then', (t) => {
  const away = channel('a', { status: 'offline' })
  const start = asking([away], { isStarting: true })
  const { state, effects } = startRelay(request(), start)
  t.like(state, { phase: 'waiting', for: 'channel' })
  t.deepEqual(effects, [])
  const changed = { type: 'channels-changed' } as const
  for (const input of [changed, { type: 'block' }] as const) {
    const { state: still } = stepRelay(state as RelayState, input, start)
    t.like(still, { phase: 'waiting', for: 'channel' })
  }
  const later = { ...asking([channel('a')], { isStarting: true }), now: 10_005_000 }
  const asked = stepRelay(state as RelayState, changed, later)
  t.like(asked.state, { phase: 'waiting', for: 'verdict', startedAt: 10_000_000 })
  t.is(asked.effects[0]?.type, 'ask')
})

test('a relay that waits for a channel is given back when the time for that is over, or when its HTLC expires too soon', (t) => {
  const away = channel('a', { status: 'offline' })
  const { state } = startRelay(request(), env([away], { isStarting: true }))
  const [fail] = stepRelay(state as RelayState, { type: 'channels-changed' }, env([away])).effects
  t.like(fail, { type: 'fail', failure: { failure: { type: 'temporary_channel_failure' } } })
  const late = env([away], { isStarting: true, height: 598 })
  t.like(stepRelay(state as RelayState, { type: 'block' }, late).effects[0], {
    type: 'fail',
    failure: { failure: { type: 'expiry_too_soon' } },
  })
  // What is refused for another reason is refused at once.
  t.deepEqual(refusal(request(), env([channel('a', { spendableMsat: 1n })], { isStarting: true })), {
    type: 'temporary_channel_failure',
  })
})

test('an HTLC of a peer of which too much is under way is refused at first, and not once it was taken', (t) => {
  const full: Partial<RelayEnv> = { hasPeerRoom: ({ amountMsat }) => amountMsat !== 1_001_100n }
  t.deepEqual(refusal(request(), env([channel('a')], full)), { type: 'temporary_channel_failure' })
  const { state } = startRelay(request(), asking([channel('a')]))
  t.is(offered(stepRelay(state as RelayState, goesOn, asking([channel('a')], full)).state).phase, 'offered')
})

test('bLIP 18 — what is taken off for what comes in over a channel lowers the fee, never below nothing', (t) => {
  const discounts = (feeBaseMsat: bigint, feeProportionalMillionths: number): Partial<RelayEnv> => ({
    inboundDiscounts: (channelId) => {
      const none = { feeBaseMsat: 0n, feeProportionalMillionths: 0 }
      if (!equalBytes(channelId, named('incoming'))) return undefined
      return { current: { feeBaseMsat, feeProportionalMillionths }, previous: none, since: 0 }
    },
  })
  const least = (more: Partial<RelayEnv>): bigint => {
    let amountMsat = 1_000_000n
    while (refusal(request({ amountMsat }), env([channel('a')], more)) !== undefined) amountMsat += 1n
    return amountMsat - 1_000_000n
  }
  // 1,000 and 100 millionths of what is sent on.
  t.is(least({}), 1_100n)
  t.is(least(discounts(300n, 0)), 800n)
  // Of what is sent on and the fee for it: 50 millionths of 1,001,100.
  t.is(least(discounts(300n, 50)), 750n)
  t.is(least(discounts(5_000n, 0)), 0n)
  t.is(refusal(request({ amountMsat: 999_999n }), env([channel('a')], discounts(5_000n, 0)))?.type, 'fee_insufficient')
})

test('bLIP 18 — the discount before is honoured as long as the policy before', (t) => {
  const [no, much] = [
    { feeBaseMsat: 0n, feeProportionalMillionths: 0 },
    { feeBaseMsat: 900n, feeProportionalMillionths: 0 },
  ]
  const at = (since: number) =>
    env([channel('a')], { inboundDiscounts: () => ({ current: no, previous: much, since }) })
  const cheap = request({ amountMsat: 1_000_200n })
  t.is(refusal(cheap, at(10_000_000 - 599_999)), undefined)
  t.is(refusal(cheap, at(10_000_000 - 600_000))?.type, 'fee_insufficient')
})
