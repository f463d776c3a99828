import test from 'ava'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import { latest } from '../commitments/commitments.ts'
import { errors } from './fixtures/closing.ts'
import { take } from './fixtures/messages.ts'
import { agree } from './fixtures/simulation.ts'
import { TwoParties } from './fixtures/two-parties.ts'

const ready = (): TwoParties => new TwoParties().ready({ pushMsat: 300_000_000n })

const reconnect = (two: TwoParties): void => {
  two.disconnect()
  two.connect()
}

/** After so many payments of alice’s, each with two commitments. */
const after = (payments: number): TwoParties => {
  const two = ready()
  for (let n = 0; n < payments; n++) {
    two.add(two.alice, n)
    two.settle()
    two.fulfil(two.bob, BigInt(n), n)
    two.settle()
  }
  reconnect(two)
  return two
}

// Without the record of an interactive transaction, of which none is ever under way.
const FIELDS = [
  'channelId',
  'myCurrentPerCommitmentPoint',
  'nextCommitmentNumber',
  'nextRevocationNumber',
  'type',
  'yourLastPerCommitmentSecret',
]

test('BOLT 2, channel_reestablish — it says the next commitment and revocation that are expected, the last secret that was received, zeroes if none, and a valid point', (t) => {
  for (const payments of [0, 1, 3]) {
    const two = after(payments)
    for (const party of [two.alice, two.bob]) {
      const message = take(two, party, 'channel_reestablish')
      const { local, remote } = latest(party.funded)
      t.deepEqual(Object.keys(message).toSorted(), FIELDS)
      t.is(message.nextCommitmentNumber, BigInt(local.index + 1))
      t.is(message.nextRevocationNumber, BigInt(remote.index))
      t.true(secp256k1.isPublicKey(message.myCurrentPerCommitmentPoint))
      const secret = message.yourLastPerCommitmentSecret
      if (payments === 0) t.deepEqual(secret, new Uint8Array(32))
      else t.deepEqual(secp256k1.publicKey(secret), two.other(party).env.commitmentPoint(remote.index - 1))
    }
  }
})

test('BOLT 2, message retransmission — nothing is said of a channel before the peer’s channel_reestablish but our own', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  reconnect(two)
  for (const party of [two.alice, two.bob]) t.deepEqual(two.names(party), ['channel_reestablish'])
  two.alice.run({ type: 'sign' })
  const [refused] = two.alice.run({ type: 'update-fee', feeratePerKw: 5000, requestId: 'fee' })
  t.like(refused, { result: { ok: false, error: { code: 'channel-offline' } } })
  two.run(two.alice, { type: 'close' })
  t.deepEqual(two.names(two.alice), ['channel_reestablish'])
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
})

type Numbers = Pick<ChannelReestablish, 'nextCommitmentNumber' | 'nextRevocationNumber'>

test('BOLT 2, channel_reestablish — of all numbers that a peer may say with a true secret, one more or less than ours is told apart', (t) => {
  // Nothing is under way: both are at commitment 4.
  const said = (numbers: Numbers): string => {
    const two = after(2)
    const message = take(two, two.bob, 'channel_reestablish')
    const revocation = Number(numbers.nextRevocationNumber)
    const secret = two.alice.sign({ type: 'per-commitment-secret', index: Math.max(0, revocation - 1) })
    two.alice.effects.length = 0
    two.alice.recv({
      ...message,
      ...numbers,
      yourLastPerCommitmentSecret:
        revocation === 0 || secret.type !== 'per-commitment-secret' ? new Uint8Array(32) : secret.secret,
    })
    const published = two.alice.effects.some((effect) => effect.type === 'publish')
    const resent = two.alice.effects.some(
      (effect) => effect.type === 'send' && effect.message.type === 'revoke_and_ack',
    )
    return errors(two.alice).at(0) ?? (published ? 'published' : resent ? 'revocation again' : 'in sync')
  }
  const outcomes: string[] = []
  for (const nextCommitmentNumber of [0n, 3n, 4n, 5n, 6n]) {
    for (const nextRevocationNumber of [0n, 2n, 3n, 4n, 5n]) {
      outcomes.push(
        `${nextCommitmentNumber} ${nextRevocationNumber}: ${said({ nextCommitmentNumber, nextRevocationNumber })}`,
      )
    }
  }
  t.deepEqual(outcomes, [
    '0 0: commitment-number-mismatch',
    '0 2: commitment-number-mismatch',
    '0 3: commitment-number-mismatch',
    '0 4: commitment-number-mismatch',
    '0 5: peer-is-ahead',
    '3 0: peer-is-behind',
    '3 2: peer-is-behind',
    '3 3: peer-is-behind',
    '3 4: peer-is-behind',
    '3 5: peer-is-ahead',
    '4 0: peer-is-behind',
    '4 2: peer-is-behind',
    '4 3: peer-is-behind',
    '4 4: peer-is-behind',
    '4 5: peer-is-ahead',
    '5 0: peer-is-behind',
    '5 2: peer-is-behind',
    '5 3: revocation again',
    '5 4: in sync',
    '5 5: peer-is-ahead',
    '6 0: commitment-number-mismatch',
    '6 2: commitment-number-mismatch',
    '6 3: commitment-number-mismatch',
    '6 4: commitment-number-mismatch',
    '6 5: peer-is-ahead',
  ])
})

test('BOLT 2, message retransmission — a commitment_signed that was lost is signed again under the same number, once', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  const { remoteNext } = latest(two.alice.funded)
  for (let i = 0; i < 2; i++) {
    reconnect(two)
    two.deliver(two.bob)
    t.is(two.names(two.alice).filter((name) => name === 'commitment_signed').length, 1)
    t.deepEqual(latest(two.alice.funded).remoteNext, remoteNext)
  }
  two.settle()
  t.is(latest(two.bob.funded).local.index, 1)
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('BOLT 2, message retransmission — whatever was lost may have arrived: a commitment that was signed and not acknowledged is known when it is published', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  while (two.deliver(two.alice) !== undefined);
  // Bob has it, and says nothing.
  two.disconnect()
  two.bob.run({ type: 'force-close' })
  const publish = two.bob.effects.findLast(
    (effect) => effect.type === 'publish' && effect.purpose === 'local-commitment',
  )
  if (publish?.type !== 'publish' || publish.publication.type !== 'funding-spend') return t.fail()
  const { tx } = publish.publication
  two.alice.run({ type: 'spent', outpoint: latest(two.alice.funded).localParams.fundingOutpoint, tx })
  const { durable } = two.alice.state
  t.is(durable.phase === 'closing' && durable.closing.spends[0]?.kind, 'remote-next')
})

test('BOLT 2, channel_reestablish — channel_ready is sent again also while the block of the funding is undone, and the channel is not usable then', (t) => {
  const two = new TwoParties()
  two.open()
  for (const party of [two.alice, two.bob]) two.confirm(party)
  // Neither channel_ready arrives.
  two.disconnect()
  const { txid } = latest(two.alice.funded).localParams.fundingOutpoint
  two.alice.run({ type: 'unconfirmed', txid })
  two.connect()
  two.deliver(two.bob)
  t.deepEqual(two.names(two.alice), ['channel_reestablish', 'channel_ready'])
  two.alice.effects.length = 0
  two.settle()
  for (const party of [two.alice, two.bob]) t.is(party.phase, 'normal')
  const usable = () =>
    two.alice.effects.flatMap((effect) =>
      effect.type === 'emit' && effect.event.type === 'usable' ? [effect.event.usable] : [],
    )
  t.deepEqual(usable(), [])
  reconnect(two)
  two.settle()
  t.false(usable().includes(true))
  two.alice.effects.length = 0
  const { tx } = fundingIn(two)
  two.alice.run({ type: 'confirmed', txid, tx, blockHeight: 992, txIndex: 1 })
  t.deepEqual(usable(), [true])
})

const fundingIn = (two: TwoParties) => {
  const { fundingTx } = two.alice.funded
  if (fundingTx === undefined) throw new Error('forgotten')
  return { tx: fundingTx }
}

test('BOLT 2, message retransmission — the funder forgets what it has not published, the fundee what it has not signed, and both remember the rest', (t) => {
  const two = new TwoParties()
  two.open()
  for (const party of [two.alice, two.bob]) {
    party.run({ type: 'disconnected', epoch: 1 })
    t.is(party.phase, 'wait-for-funding-confirmed')
  }
  two.connect()
  t.deepEqual(two.names(two.alice), ['channel_reestablish'])
  two.settle()
  for (const party of [two.alice, two.bob]) two.confirm(party)
  two.settle()
  t.is(two.alice.phase, 'normal')
})

test('BOLT 2, message retransmission — after closing_signed no commitment is signed again', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  two.settle()
  reconnect(two)
  two.settle()
  const names = [two.alice, two.bob].flatMap(({ effects }) =>
    effects.flatMap((effect) => (effect.type === 'send' ? [effect.message.type] : [])),
  )
  t.false(names.includes('commitment_signed'))
  t.deepEqual(errors(two.alice), [])
})
