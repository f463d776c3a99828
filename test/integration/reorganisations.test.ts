import test from 'ava'
import fc from 'fast-check'
import { type Tx, txidOf } from '../../core/src/bitcoin/transaction.ts'
import type { Claim } from '../../core/src/channel/claims/claim.ts'
import { commitmentOf, takenBy } from '../../core/src/channel/transitions/fixtures/closing.ts'
import { TestParty } from '../../core/src/channel/transitions/fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../../core/src/channel/transitions/fixtures/two-parties.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { type CrashPoint, LooseChain, WatchingChannel } from './support/reorg-world.ts'

const KINDS = ['mutual', 'local', 'remote', 'revoked'] as const

interface Action {
  /** Blocks to undo; one more come in their place. */
  readonly undo: number
  /** Whether what is undone is lost, unless somebody publishes it again. */
  readonly isLost: boolean
  /** New blocks. */
  readonly blocks: number
  /** Of the transactions that wait, those whose position has a bit here are mined in a block. */
  readonly mined: number
  readonly crash: CrashPoint | undefined
  /** The node is down until the next action. */
  readonly isDown: boolean
}

const action: fc.Arbitrary<Action> = fc.record({
  undo: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }) },
    { weight: 1, arbitrary: fc.integer({ min: 9, max: 100 }) },
  ),
  isLost: fc.boolean(),
  blocks: fc.integer({ min: 1, max: 12 }),
  mined: fc.integer({ min: 0, max: 255 }),
  crash: fc.option(fc.record({ after: fc.integer({ min: 0, max: 12 }), isStored: fc.boolean() }), { nil: undefined }),
  isDown: fc.boolean(),
})

const run = fc.record({
  kinds: fc.subarray([...KINDS], { minLength: 1 }),
  offered: fc.integer({ min: 0, max: 2 }),
  received: fc.integer({ min: 0, max: 2 }),
  /** Whether the peer takes HTLCs of ours by their preimages once we want them back. */
  peerTakes: fc.boolean(),
  actions: fc.array(action, { minLength: 3, maxLength: 14 }),
})
type Run = typeof run extends fc.Arbitrary<infer T> ? T : never

const settings = { toSelfDelay: 6 }

/** A channel that is about to be closed in several ways at once, and what the peer may publish. */
const racing = ({ kinds, offered, received }: Run) => {
  const two = new TwoParties({ alice: settings, bob: settings }).ready({ pushMsat: 300_000_000n })
  const { alice, bob } = two
  const isMutual = kinds.includes('mutual')
  let revoked: Tx | undefined
  if (kinds.includes('revoked')) {
    const old = bob.state
    two.add(bob, 90, 5_000_000n)
    two.settle()
    two.fail(alice, 0n)
    two.settle()
    const now = bob.state
    bob.state = old
    bob.run({ type: 'force-close' })
    revoked = commitmentOf(bob)
    bob.state = now
  }
  if (!isMutual) {
    for (let n = 0; n < offered; n++) two.add(alice, n, 20_000_000n + BigInt(n) * 1_000_000n, 1020 + 10 * n)
    for (let n = 0; n < received; n++) two.add(bob, 10 + n, 30_000_000n + BigInt(n) * 1_000_000n, 1040 + 10 * n)
    two.settle()
  }
  const before = bob.state
  if (isMutual) two.run(alice, { type: 'close' })
  two.settle()
  const peers: Tx[] = []
  if (kinds.includes('remote')) {
    const state = bob.state
    bob.state = before
    bob.run({ type: 'force-close' })
    peers.push(commitmentOf(bob))
    bob.state = state
  }
  if (revoked !== undefined) peers.push(revoked)
  const firstReceived = kinds.includes('revoked') ? 1n : 0n
  if (!isMutual) {
    for (let n = 0; n < received; n++)
      alice.run({ type: 'fulfil-htlc', htlcId: firstReceived + BigInt(n), preimage: preimageOf(10 + n) })
  }
  if (kinds.includes('local') && !isMutual) alice.run({ type: 'force-close' })
  return { alice, peers, htlcs: isMutual ? 0 : offered }
}

/** The same channel, which hears of nothing but the chain as it is in the end. */
const twinOf = async (alice: TestParty, state: TestParty['state'], chain: LooseChain, from: number) => {
  const party = new TestParty('alice', 'bob', settings)
  party.state = state
  party.env = { ...alice.env, height: from }
  const seen = new LooseChain(from)
  seen.funding = chain.funding
  const twin = new WatchingChannel(party, seen)
  await twin.look()
  for (const { txs, height } of chain.blocks.filter((block) => block.height > from)) {
    seen.mine(txs)
    if (seen.at(height)?.txs.length !== txs.length) throw new Error('the chain of the end is no chain')
    await twin.look()
  }
  return twin
}

test('whatever reorganisations of up to 100 blocks, races and crashes do — all money is taken, each HTLC has one outcome, and the end is that of the last chain', async (t) => {
  await fc.assert(
    fc.asyncProperty(run, async (given) => {
      const { alice, peers, htlcs } = racing(given)
      const start = alice.state
      const chain = new LooseChain(1000)
      chain.funding = alice.funded.active[0]?.localParams.fundingOutpoint.txid as Uint8Array
      const us = new WatchingChannel(alice, chain)
      const pool = new Map<string, Tx>(peers.map((tx) => [toHex(txidOf(tx)), tx]))
      const waiting = (): Tx[] => {
        for (const [txid, tx] of us.published) pool.set(txid, tx)
        us.published.clear()
        return [...pool.values()]
      }
      const told = (): Tx[] => {
        const txs = waiting()
        if (!given.peerTakes) return txs
        return [...takenByPeer(alice), ...txs]
      }
      const mine = async (mined: number, looks: boolean): Promise<void> => {
        const txs = told().filter((_, i) => ((mined >> (i % 8)) & 1) === 1)
        chain.mine(txs)
        if (looks) await us.look()
      }
      await us.look()
      for (const { undo, isLost, blocks, mined, crash, isDown } of given.actions) {
        if (crash !== undefined) us.crashAt(crash)
        if (isDown) us.stop()
        const depth = Math.min(undo, chain.height - 1000)
        if (depth > 0) {
          const undone = chain.undo(depth)
          if (isLost) pool.clear()
          else for (const tx of undone) pool.set(toHex(txidOf(tx)), tx)
          for (let i = 0; i < depth; i++) await mine(mined, false)
        }
        for (let i = 0; i < blocks; i++) await mine(mined, !isDown)
        if (us.phase === 'closed') return
      }
      // A long quiet chain: whatever is published is mined.
      for (let i = 0; us.phase !== 'closed' && i < 400; i++) await mine(255, true)
      t.is(us.phase, 'closed')
      t.is(new Set(us.outcomes.map((each) => each.split(' ')[0])).size, htlcs)
      t.is(us.outcomes.length, htlcs, us.outcomes.join())

      const twin = await twinOf(alice, start, chain, 1000)
      t.deepEqual(us.durable, twin.durable)
    }),
    { seed: 9, numRuns: 40 },
  )
})

/** What the peer publishes to take HTLCs of ours by their preimages, for each of our claims of them so far. */
const takenByPeer = (party: TestParty): Tx[] => {
  const found = new Map<bigint, Claim>()
  for (const effect of party.effects) {
    if (effect.type !== 'publish' || effect.publication.type !== 'claim') continue
    const { claim } = effect.publication
    const { kind } = claim
    if (kind.type === 'offered-htlc' || kind.type === 'htlc-timeout') found.set(kind.htlc.id, claim)
  }
  return [...found].filter(([id]) => id === 0n).map(([id, claim]) => takenBy(preimageOf(Number(id)), claim))
}
