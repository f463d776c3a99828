import test from 'ava'
import { putInDoubt } from '../../channel/index.ts'
import { newSession } from '../../channel/state/session.ts'
import { at, claims, commitmentOf, mine, seeClose, takenBy } from '../../channel/transitions/fixtures/closing.ts'
import { FEATURES, type TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { hashOf, preimageOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import type { RelayRecord } from '../../payment/relay/relay-protocol.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { isLeftToChain } from './downstream.ts'

const upstream = { channelId: new Uint8Array(32).fill(8), htlcId: 4n }

/** A channel in which bob has relayed an HTLC on to alice. */
const relayed = () => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { bob } = two
  const record: RelayRecord = {
    paymentHash: hashOf(1),
    incoming: [{ ...upstream, amountMsat: 21_000_000n, cltvExpiry: 1224 }],
    requested: { type: 'channel', shortChannelId: 1n },
    startedAt: 0,
    outgoing: [{ channelId: bob.funded.params.channelId, amountMsat: 20_000_000n, cltvExpiry: 1144, firstHtlcId: 0n }],
  }
  two.run(bob, {
    type: 'add-htlc',
    requestId: 'relay',
    amountMsat: 20_000_000n,
    paymentHash: hashOf(1),
    cltvExpiry: 1144,
    onion: new Uint8Array(1366),
    origin: { type: 'relay', upstream: [upstream] },
  })
  return { two, bob, record }
}

const left = (party: TestParty | undefined, record: RelayRecord): boolean =>
  isLeftToChain({ get: () => party } as unknown as ChannelDirectory, record)

test('an outgoing HTLC is answered by its peer while the channel lives, and by the chain from its close on, until the preimage is known', (t) => {
  const { two, bob, record } = relayed()
  t.false(left(bob, record), 'proposed')
  two.settle()
  t.false(left(bob, record), 'signed')
  two.alice.run({ type: 'force-close' })
  seeClose(bob, commitmentOf(two.alice))
  t.true(left(bob, record))
  const claim = claims(at(bob, 1144)).find(({ kind }) => kind.type === 'offered-htlc')
  if (claim === undefined) return t.fail('not claimed')
  mine(bob, claim, 1145, takenBy(preimageOf(1), claim))
  t.false(left(bob, record), 'paid')
})

test('an outgoing HTLC that its channel does not hold, and one whose channel is gone, get no answer', (t) => {
  const { two, bob, record } = relayed()
  t.true(left(undefined, record))
  two.disconnect()
  bob.state = { durable: bob.state.durable, session: newSession(2, FEATURES, true) }
  t.true(left(bob, record))
})

test('an outgoing HTLC of a channel in doubt gets no answer until the peer has shown that the state is the latest', (t) => {
  const { two, bob, record } = relayed()
  two.settle()
  two.disconnect()
  bob.state = { durable: putInDoubt(bob.funded) }
  t.true(left(bob, record))
  two.connect()
  two.settle()
  t.false(left(bob, record))
})
