import test from 'ava'
import fc from 'fast-check'
import { ecdsa } from '../wire/funding-signature.ts'
import { step } from './channel.ts'
import type { ChannelState } from './state/channel-state.ts'
import type { ChannelInput, ChannelMessage } from './state/inputs.ts'
import { TwoParties } from './transitions/fixtures/two-parties.ts'

/** A state in each phase, of both sides, connected. */
const states = (): readonly (readonly [name: string, state: ChannelState, env: TwoParties['alice']['env']])[] => {
  const seen = new Map<string, readonly [string, ChannelState, TwoParties['alice']['env']]>()
  const watch = (two: TwoParties): TwoParties => {
    for (const party of [two.alice, two.bob]) {
      const run = party.run.bind(party)
      party.run = (input) => {
        const effects = run(input)
        const name = `${party.phase} of ${party.name}`
        if (!seen.has(name)) seen.set(name, [name, party.state, party.env])
        return effects
      }
    }
    return two
  }
  const two = watch(new TwoParties()).ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1)
  two.add(two.bob, 2)
  two.settle()
  seen.set('normal with HTLCs', ['normal with HTLCs', two.alice.state, two.alice.env])
  two.add(two.alice, 3)
  two.sign(two.alice)
  seen.set('awaiting a revocation', ['awaiting a revocation', two.alice.state, two.alice.env])
  two.disconnect()
  two.connect()
  seen.set('reestablishing', ['reestablishing', two.alice.state, two.alice.env])
  two.settle()
  two.run(two.alice, { type: 'close' })
  two.settle()
  for (const id of [0n, 1n]) two.fail(two.bob, id)
  two.fail(two.alice, 0n)
  two.settle()
  return [...seen.values()]
}

const point = fc.constantFrom(
  ...[1, 2, 3].map((index) => new TwoParties().bob.env.commitmentPoint(index)),
  new Uint8Array(33),
)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const fundingSignature = bytes(64).map(ecdsa)
const amount = fc.oneof(fc.bigInt({ min: 0n, max: 2_000_000n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
const id = fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
const channelId = bytes(32)
const type = <T extends string>(name: T) => fc.constant(name)

const message: fc.Arbitrary<ChannelMessage> = fc.oneof(
  fc.record({ type: type('funding_signed'), channelId, signature: fundingSignature }),
  fc.record({
    type: type('funding_created'),
    temporaryChannelId: channelId,
    fundingTxid: bytes(32),
    fundingOutputIndex: fc.nat(65_535),
    signature: fundingSignature,
  }),
  fc.record({ type: type('channel_ready'), channelId, secondPerCommitmentPoint: point, alias: id }),
  fc.record({ type: type('shutdown'), channelId, scriptpubkey: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({
    type: type('shutdown'),
    channelId,
    scriptpubkey: fc.constant(new TwoParties().bob.keys.localShutdownScript),
  }),
  fc.record({ type: type('closing_signed'), channelId, feeSatoshis: amount, signature: fundingSignature }),
  fc.record({
    type: type('update_add_htlc'),
    channelId,
    id,
    amountMsat: amount,
    paymentHash: bytes(32),
    cltvExpiry: fc.nat(0xffffffff),
    onionRoutingPacket: fc.constant(new Uint8Array(1366)),
  }),
  fc.record({ type: type('update_fulfill_htlc'), channelId, id, paymentPreimage: bytes(32) }),
  fc.record({ type: type('update_fail_htlc'), channelId, id, reason: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    type: type('update_fail_malformed_htlc'),
    channelId,
    id,
    sha256OfOnion: bytes(32),
    failureCode: fc.nat(65_535),
  }),
  fc.record({
    type: type('commitment_signed'),
    channelId,
    signature: fundingSignature,
    htlcSignatures: fc.array(bytes(64), { maxLength: 3 }),
  }),
  fc.record({ type: type('revoke_and_ack'), channelId, perCommitmentSecret: bytes(32), nextPerCommitmentPoint: point }),
  fc.record({ type: type('update_fee'), channelId, feeratePerKw: fc.nat(0xffffffff) }),
  fc.record({
    type: type('channel_reestablish'),
    channelId,
    nextCommitmentNumber: id,
    nextRevocationNumber: id,
    yourLastPerCommitmentSecret: bytes(32),
    myCurrentPerCommitmentPoint: point,
  }),
  fc.record({ type: type('error'), channelId, data: fc.uint8Array({ maxLength: 20 }) }),
  fc.record({ type: type('warning'), channelId, data: fc.uint8Array({ maxLength: 20 }) }),
)

const input: fc.Arbitrary<ChannelInput> = fc.oneof(
  { weight: 8, arbitrary: message.map((each): ChannelInput => ({ type: 'peer-message', epoch: 2, message: each })) },
  { weight: 1, arbitrary: fc.constant<ChannelInput>({ type: 'sign' }) },
  { weight: 1, arbitrary: fc.record({ type: type('block'), height: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.constant<ChannelInput>({ type: 'timer', timer: 'closing-answer' }) },
  { weight: 1, arbitrary: fc.constant<ChannelInput>({ type: 'disconnected', epoch: 2 }) },
)

for (const [name, state, env] of states()) {
  test(`step — no message of a peer makes it throw, change its input or publish a second time: ${name}`, (t) => {
    const { session } = state
    const start: ChannelState = session === undefined ? state : { ...state, session: { ...session, epoch: 2 } }
    fc.assert(
      fc.property(fc.array(input, { maxLength: 12 }), (inputs) => {
        const { durable } = start
        let current = start
        let published = 0
        for (const each of inputs) {
          const next = step(current, each, { ...env, height: each.type === 'block' ? each.height : env.height })
          current = next.state
          published += next.effects.filter(
            (effect) => effect.type === 'publish' && effect.purpose === 'local-commitment',
          ).length
          if (each.type === 'block') published = 0
        }
        return start.durable === durable && published <= 1
      }),
      { seed: 44, numRuns: 150 },
    )
    t.pass()
  })
}

test('step — the same input to the same state gives the same step', (t) => {
  for (const [, state, env] of states()) {
    const each: ChannelInput = { type: 'force-close', requestId: 'force' }
    t.deepEqual(step(state, each, env), step(state, each, env))
  }
})
