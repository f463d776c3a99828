import test from 'ava'
import { formatOutPoint, type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import type { Claim } from '../../claims/claim.ts'
import type { CloseKind } from '../../claims/classify-spend.ts'
import { decodeChannel, encodeChannel } from '../../persistence/channel-codec.ts'
import { resume } from '../../resume.ts'
import type { ChannelState } from '../../state/channel-state.ts'
import type { Effect } from '../../state/effects.ts'
import { at, claims, commitmentOf, fundingOutpoint, mine, seeClose, takenBy } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'

/** Bob's channel with HTLCs of both directions, of which he fulfils one; and a spend of its funding of each kind. */
const closed = (kind: Exclude<CloseKind, 'mutual'>): { readonly bob: TestParty; readonly tx: Tx } => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  const { alice, bob } = two
  two.add(bob, 1, 20_000_000n, 1020)
  two.add(bob, 2, 300_000n, 1020)
  two.add(alice, 3, 30_000_000n, 1200)
  two.add(alice, 4, 40_000_000n, 1200)
  two.settle()
  const owner = kind === 'local' || kind === 'revoked-local' ? bob : alice
  const old = owner.state
  if (kind === 'revoked' || kind === 'revoked-local') {
    two.add(alice, 5)
    two.settle()
  }
  if (kind === 'remote-next') {
    two.add(bob, 6, 50_000_000n, 1020)
    two.sign(bob)
    while (two.sentBy(bob).length > 0) two.deliver(bob)
    two.lose(alice)
  }
  const bobs = bob.state
  if (kind === 'unknown') {
    two.add(alice, 7)
    two.settle()
  }
  const now = owner.state
  if (kind === 'revoked' || kind === 'revoked-local') owner.state = old
  owner.run({ type: 'force-close' })
  const tx = commitmentOf(owner)
  owner.state = now
  bob.state = kind === 'revoked-local' ? now : bobs
  if (kind === 'local') bob.run({ type: 'force-close' })
  two.fulfil(bob, 0n, 3)
  return { bob, tx }
}

/** What the channel wants on the chain, as it says at a start. */
const wanted = (bob: TestParty): readonly string[] =>
  claims(resume(bob.state, bob.env)).map(({ outpoint, kind }) => `${kind.type} ${formatOutPoint(outpoint)}`)

interface Mined {
  readonly height: number
  readonly claim: Claim
  readonly tx: Tx
}

/** What spends a claim's output in its block: an HTLC of the second stage shows its preimage. */
const spendOf = (claim: Claim): Tx => (claim.kind.type === 'htlc-success' ? takenBy(preimageOf(3), claim) : claim.tx)

/** Before the end is irrevocable: a penalty is taken at once. */
const endOf = (kind: CloseKind): number => (kind === 'revoked' ? 1_100 : 1_250)

for (const kind of ['local', 'remote', 'remote-next', 'revoked', 'revoked-local', 'unknown'] as const) {
  test(`BOLT 5, general nomenclature — what a reorganisation undoes is resolved again: all that is claimed of a close of the kind ${kind}, over a restart at any height and up to 100 blocks deep`, (t) => {
    const { bob, tx } = closed(kind)
    const states = new Map<number, ChannelState>()
    const mined: Mined[] = []
    const stateAt = (height: number): void => {
      const { durable } = states.get(height) ?? bob.state
      bob.state = { durable }
      bob.env = { ...bob.env, height }
    }
    const block = (height: number): readonly Effect[] => {
      if (height === 1_001) seeClose(bob, tx, height)
      for (const each of mined) if (each.height === height) mine(bob, each.claim, height, each.tx)
      return at(bob, height)
    }
    // Each claim is in a block two blocks after it could be published.
    const end = endOf(kind)
    for (let height = 1_000; height <= end; height++) {
      for (const claim of claims(block(height))) {
        const isKnown = mined.some((each) => formatOutPoint(each.claim.outpoint) === formatOutPoint(claim.outpoint))
        if (!isKnown) mined.push({ height: height + 2, claim, tx: spendOf(claim) })
      }
      states.set(height, bob.state)
    }
    t.true(mined.length > 0)
    t.is(bob.phase, 'closing')
    const expected = new Map<number, readonly string[]>()
    for (const height of states.keys()) {
      stateAt(height)
      const live = wanted(bob)
      expected.set(height, live)
      const { channelRow, htlcRows } = encodeChannel(undefined, bob.stored)
      const read = decodeChannel(channelRow, htlcRows)
      if (!read.ok) return t.fail(read.error.code)
      bob.state = { durable: read.value }
      t.deepEqual(wanted(bob), live, `after a restart at ${height}`)
    }
    t.true([...expected.values()].some((names) => names.length > 0))
    for (const tip of [1_004, 1_030, 1_100, 1_160, 1_250].filter((height) => height <= end)) {
      for (const depth of [1, 2, 6, 37, 99, 100]) {
        stateAt(tip)
        const from = Math.max(1_001, tip - depth + 1)
        for (let height = tip; height >= from; height--) {
          for (const each of mined.filter((one) => one.height === height)) {
            bob.run({ type: 'unspent', outpoint: each.claim.outpoint })
            bob.run({ type: 'unconfirmed', txid: txidOf(each.tx) })
          }
          if (height === 1_001) {
            bob.run({ type: 'unspent', outpoint: fundingOutpoint(bob) })
            bob.run({ type: 'unconfirmed', txid: txidOf(tx) })
          }
        }
        bob.env = { ...bob.env, height: from - 1 }
        t.deepEqual(wanted(bob), expected.get(from - 1), `${depth} undone at ${tip}`)
        for (let height = from; height <= tip; height++) block(height)
        t.deepEqual(wanted(bob), expected.get(tip), `${depth} undone at ${tip}, and done again`)
        const { durable } = states.get(tip) ?? bob.state
        t.deepEqual(bob.state.durable, durable)
      }
    }
  })
}
