import test from 'ava'
import fc from 'fast-check'
import type { Tx } from '../../bitcoin/transaction.ts'
import type { UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'
import { resume } from '../resume.ts'
import type { ChannelState } from '../state/channel-state.ts'
import type { Effect } from '../state/effects.ts'
import type { TestParty } from '../transitions/fixtures/test-party.ts'
import { hashOf, TwoParties } from '../transitions/fixtures/two-parties.ts'
import { largest, smallest } from './amounts.ts'
import { balanceView, isFull } from './balances.ts'
import { buildLocal, fundingOutputScript } from './build-commitment.ts'
import { all, commitmentOn, commitmentSpentBy, latest } from './commitments.ts'
import { type Difference, onlyOn, withSecondFunding } from './fixtures/second-funding.ts'
import { localLimitsOf, remoteLimitsOf } from './limits.ts'

const PUSH_MSAT = 400_000_000n

const SEEDED = { numRuns: 200, seed: 9 }

const limits = fc.record({
  channelReserve: fc.bigInt(1_000n, 30_000n),
  htlcMinimumMsat: fc.bigInt(0n, 5_000n),
  maxHtlcValueInFlightMsat: fc.bigInt(10_000_000n, 1_200_000_000n),
  maxAcceptedHtlcs: fc.integer({ min: 1, max: 30 }),
})
const differences: fc.Arbitrary<Difference> = fc.record({
  localSat: fc.bigInt(-300_000n, 300_000n),
  remoteSat: fc.bigInt(-300_000n, 300_000n),
  localLimits: limits,
  remoteLimits: limits,
})

interface Base {
  readonly two: TwoParties
  readonly alice: ChannelState
  readonly bob: ChannelState
}

const onOneFunding = (htlcs: number): Base => {
  const known = bases[htlcs]
  if (known !== undefined) return known
  const two = new TwoParties().ready({ pushMsat: PUSH_MSAT })
  for (let n = 1; n <= htlcs; n++) two.add(two.alice, n, 3_000_000n)
  two.settle()
  const made = { two, alice: two.alice.state, bob: two.bob.state }
  bases[htlcs] = made
  return made
}

// Opening channels takes most of the time.
const bases: Base[] = []

/** A channel with HTLCs of alice's, on two fundings from both sides' view. */
const onTwoFundings = (difference: Difference, htlcs = 1): TwoParties => {
  const { two, alice, bob } = onOneFunding(htlcs)
  two.alice.state = alice
  two.bob.state = bob
  const { localSat = 0n, remoteSat = 0n, localLimits = {}, remoteLimits = {} } = difference
  const mirrored = { localSat: remoteSat, remoteSat: localSat, localLimits: remoteLimits, remoteLimits: localLimits }
  for (const [party, differs] of [
    [two.alice, difference],
    [two.bob, mirrored],
  ] as const) {
    const durable = withSecondFunding(party.funded, differs, party.env.commitmentPoint)
    party.state = { ...party.state, durable }
  }
  return two
}

const refusal = (effects: readonly Effect[]): string | undefined => {
  const reply = effects.find(({ type }) => type === 'reply')
  return reply?.type === 'reply' && !reply.result.ok ? reply.result.error.code : undefined
}

/** Runs something on a party as if its channel had only one of the two fundings. */
const alone = <R>(party: TestParty, at: number, run: () => R): R => {
  const before = party.state
  party.state = { ...before, durable: onlyOn(party.funded, at) }
  const result = run()
  party.state = before
  return result
}

const AMOUNTS = ['capacity', 'localMsat', 'remoteMsat', 'spendableMsat', 'affordableMsat', 'receivableMsat'] as const

test('balances — on two fundings each is the least of the two, whichever comes first', (t) => {
  fc.assert(
    fc.property(differences, (difference) => {
      const two = onTwoFundings(difference)
      for (const { funded, state } of [two.alice, two.bob]) {
        const both = balanceView(funded, state.session)
        const [a, b] = [0, 1].map((at) => balanceView(onlyOn(funded, at), state.session))
        if (a === undefined || b === undefined) throw new Error('two fundings')
        for (const amount of AMOUNTS) t.is(both[amount], smallest(a[amount], b[amount]), amount)
        t.deepEqual(balanceView({ ...funded, active: funded.active.toReversed() }, state.session), both)
      }
    }),
    SEEDED,
  )
})

test('limits — of two fundings the stricter counts, in each field', (t) => {
  fc.assert(
    fc.property(differences, (difference) => {
      const { funded } = onTwoFundings(difference).alice
      for (const [of, side] of [
        [localLimitsOf, 'localLimits'],
        [remoteLimitsOf, 'remoteLimits'],
      ] as const) {
        const [a, b] = funded.active.map((commitment) => commitment[side])
        if (a === undefined || b === undefined) throw new Error('two fundings')
        const both = of(funded)
        t.is(both.channelReserve, largest(a.channelReserve, b.channelReserve))
        t.is(both.htlcMinimumMsat, largest(a.htlcMinimumMsat, b.htlcMinimumMsat))
        t.is(both.maxAcceptedHtlcs, Math.min(a.maxAcceptedHtlcs, b.maxAcceptedHtlcs))
        t.is(both.maxHtlcValueInFlightMsat, smallest(a.maxHtlcValueInFlightMsat, b.maxHtlcValueInFlightMsat))
      }
    }),
    SEEDED,
  )
})

test('BOLT 2, update_add_htlc — it has to fit on every funding: exactly then it is offered, so what is spendable fits and no more', (t) => {
  let [offered, refused] = [0, 0]
  fc.assert(
    fc.property(
      differences,
      fc.bigInt(1n, 900_000_000n),
      fc.integer({ min: 0, max: 6 }),
      (difference, amount, htlcs) => {
        const { alice, bob } = onTwoFundings(difference, htlcs)
        for (const party of [alice, bob]) {
          const add = (amountMsat: bigint) => {
            const before = party.state
            const code = refusal(party.run(command(amountMsat)))
            party.state = before
            return code
          }
          const both = add(amount)
          const each = [0, 1].map((at) => alone(party, at, () => add(amount)))
          t.is(both === undefined, each[0] === undefined && each[1] === undefined)
          if (both === undefined) offered++
          else refused++
          const { funded, state } = party
          const most = balanceView(funded, state.session).spendableMsat
          if (most <= remoteLimitsOf(funded).htlcMinimumMsat || isFull(funded, state.session)) continue
          t.is(add(most), undefined)
          t.not(add(most + 1n), undefined)
        }
      },
    ),
    SEEDED,
  )
  t.true(offered > 10 && refused > 10, `${offered} offered, ${refused} refused`)
})

test('BOLT 2, update_add_htlc — it has to fit on every funding: exactly then it is accepted', (t) => {
  let [accepted, failed] = [0, 0]
  fc.assert(
    fc.property(differences, fc.bigInt(1_000n, 900_000_000n), (difference, amountMsat) => {
      const { bob } = onTwoFundings(difference)
      const { channelId } = bob.funded.params
      const id = bob.state.session?.proposed.nextRemoteHtlcId ?? 0n
      const message: UpdateAddHtlc = {
        type: 'update_add_htlc',
        channelId,
        id,
        amountMsat,
        paymentHash: hashOf(9),
        cltvExpiry: 1144,
        onionRoutingPacket: new Uint8Array(1366),
      }
      const failsAt = () => {
        const before = bob.state
        bob.recv(message)
        const { phase } = bob
        bob.state = before
        return phase === 'closing'
      }
      const both = failsAt()
      t.is(both, alone(bob, 0, failsAt) || alone(bob, 1, failsAt))
      if (both) failed++
      else accepted++
    }),
    SEEDED,
  )
  t.true(accepted > 5 && failed > 5, `${accepted} accepted, ${failed} failed`)
})

test('BOLT 2, update_fee — it is refused if the opener can pay it on only one of two fundings', (t) => {
  const { alice } = onTwoFundings({ localSat: -570_000n })
  const raise = () => refusal(alice.run({ type: 'update-fee', feeratePerKw: 20_000, requestId: 'fee' }))
  t.is(
    alone(alice, 1, () => raise()),
    undefined,
  )
  t.is(raise(), 'insufficient-balance')
  // Whichever of them is the newest.
  alice.state = { ...alice.state, durable: { ...alice.funded, active: alice.funded.active.toReversed() } }
  t.is(raise(), 'insufficient-balance')
})

test('BOLT 2, commitment_signed — there is one for each funding, and one that lacks is a fault', (t) => {
  const two = onTwoFundings({ localSat: 50_000n })
  two.add(two.alice, 2)
  two.deliver(two.alice)
  const signed = two.alice.run({ type: 'sign' })
  t.deepEqual(
    signed.map((effect) => effect.type === 'send' && effect.message.type),
    ['commitment_signed', 'commitment_signed'],
  )
  const txids = two.alice.funded.active.map(({ remoteNext }) => remoteNext?.txid)
  t.notDeepEqual(txids[0], txids[1])
  const message = two.alice.messages(signed)[0]
  if (message === undefined) return t.fail()
  const effects = two.bob.recv(message)
  t.true(
    effects.some(
      (effect) =>
        effect.type === 'emit' &&
        effect.event.type === 'error' &&
        effect.event.error.code === 'commitment-signature-missing',
    ),
  )
})

test('a spend of a funding — belongs to the commitment on that funding, also to one that is not active any more', (t) => {
  const { alice } = onTwoFundings({ localSat: 50_000n })
  const { active } = alice.funded
  const [newest, oldest] = active
  if (newest === undefined || oldest === undefined) return t.fail()
  const spliced = { ...alice.funded, active: [newest], inactive: [oldest] }
  for (const durable of [alice.funded, spliced]) {
    for (const commitment of active) {
      const { localParams, local } = commitment
      const { tx } = buildLocal(localParams, local.index, local.spec, alice.env).transaction
      t.is(commitmentOn(durable, localParams.fundingOutpoint), commitment)
      t.is(commitmentSpentBy(durable, tx), commitment)

      alice.state = { ...alice.state, durable }
      alice.run({ type: 'spent', outpoint: localParams.fundingOutpoint, tx })
      const closing = alice.funded
      t.is(closing.phase === 'closing' && closing.closing.spends[0]?.kind, 'local')
      // After a restart it is watched for under the script of its own funding.
      const script = fundingOutputScript(commitment)
      const watches = resume(alice.state, alice.env).filter((effect) => effect.type === 'watch-confirmed')
      t.true(watches.some((watch) => watch.script.every((byte, at) => byte === script[at])))
    }
  }
  t.is(commitmentOn(alice.funded, { txid: new Uint8Array(32), index: 0 }), undefined)
  const elsewhere: Tx = { version: 2, lockTime: 0, inputs: [], outputs: [] }
  t.throws(() => commitmentSpentBy(alice.funded, elsewhere))
})

test('fundings — all of them are watched after a restart, the newest is gone on with', (t) => {
  const { alice } = onTwoFundings({ localSat: 50_000n })
  const watched = resume(alice.state, alice.env).filter((effect) => effect.type === 'watch-spent')
  t.deepEqual(
    watched.map(({ outpoint }) => outpoint),
    all(alice.funded).map(({ localParams }) => localParams.fundingOutpoint),
  )
  t.is(latest(alice.funded).fundingIndex, 1)
})

function command(amountMsat: bigint) {
  return {
    type: 'add-htlc',
    requestId: 'add',
    amountMsat,
    paymentHash: hashOf(9),
    cltvExpiry: 1144,
    onion: new Uint8Array(1366),
    origin: { type: 'local', payment: new Uint8Array(1) },
  } as const
}
