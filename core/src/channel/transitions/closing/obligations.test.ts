import test from 'ava'
import { type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import { EMPTY, equalBytes, toHex } from '../../../lib/bytes.ts'
import type { Claim } from '../../claims/claim.ts'
import { buildLocal } from '../../commitments/build-commitment.ts'
import { latest } from '../../commitments/commitments.ts'
import { resume } from '../../resume.ts'
import type { Effect } from '../../state/effects.ts'
import {
  at,
  claims,
  commitmentOf,
  confirmed,
  endOf,
  errors,
  fundingOutpoint,
  mine,
  outcomes,
  seeClose,
  takenBy,
} from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'

const ready = (pushMsat = 200_000_000n): TwoParties => new TwoParties().ready({ pushMsat })

const commitments = (effects: readonly Effect[]): number =>
  effects.filter((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment').length

/** The party's own commitment is in a block, as both see it. */
const closeBy = (two: TwoParties, owner: TestParty, height = 1000): Tx => {
  owner.run({ type: 'force-close' })
  const tx = commitmentOf(owner)
  for (const party of [two.alice, two.bob]) seeClose(party, tx, height)
  return tx
}

const kinds = (taken: readonly Claim[]): readonly string[] => taken.map(({ kind }) => kind.type).toSorted()

test('BOLT 5, failing a channel — a channel in which nothing is ours is not forgotten before its end is deep', (t) => {
  const { bob, alice } = ready(0n)
  bob.run({ type: 'force-close' })
  at(bob, 5_000)
  t.is(bob.phase, 'closing')
  alice.run({ type: 'force-close' })
  seeClose(bob, commitmentOf(alice), 5_001)
  at(bob, 5_099)
  t.is(bob.phase, 'closing')
  at(bob, 5_100)
  t.is(bob.phase, 'closed')
})

test('BOLT 5, failing a channel — our commitment is not published once it is known to be old, whatever else would call for it', (t) => {
  const two = ready()
  two.add(two.bob, 1, 50_000_000n, 1144)
  two.settle()
  const old = two.bob.state.durable
  two.add(two.alice, 2, 50_000_000n)
  two.settle()
  two.disconnect()
  two.bob.state = { durable: old }
  two.connect()
  two.settle({ sign: false })
  t.true(errors(two.bob).includes('peer-is-ahead'))
  const { bob } = two
  const effects = [
    ...bob.run({ type: 'force-close' }),
    ...bob.run({ type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(2) }),
    ...[1100, 1144, 1160, 2000, 9000].flatMap((height) => at(bob, height)),
    ...resume(bob.state, bob.env),
    ...bob.recv({ type: 'error', channelId: bob.funded.params.channelId, data: EMPTY }),
  ]
  t.is(commitments(effects), 0)
})

const TITLES = {
  local: {
    trimmed:
      'BOLT 5, local commitment, local offers — an HTLC without an output whose preimage is known fulfils the incoming one',
    uncommitted:
      'BOLT 5, local commitment, remote offers — what the peer is not irrevocably committed to is not spent, though its preimage is known',
    undecided:
      'BOLT 5, local commitment, remote offers — no preimage is shown for an HTLC that we have not decided to fulfil, though we know it',
  },
  remote: {
    trimmed:
      'BOLT 5, remote commitment, local offers — an HTLC without an output whose preimage is known fulfils the incoming one',
    uncommitted:
      'BOLT 5, remote commitment, remote offers — what the peer is not irrevocably committed to is not spent, though its preimage is known',
    undecided:
      'BOLT 5, remote commitment, remote offers — no preimage is shown for an HTLC that we have not decided to fulfil, though we know it',
  },
} as const

for (const owner of ['local', 'remote'] as const) {
  /** Bob's two HTLCs of one hash, one of them without an output, in the commitment of either. */
  const twoOfOneHash = () => {
    const two = ready()
    two.add(two.bob, 1, 50_000_000n)
    two.add(two.bob, 1, 300_000n)
    two.settle()
    const tx = closeBy(two, owner === 'local' ? two.bob : two.alice, 1143)
    const claim = claims(at(two.bob, 1144)).find(({ kind }) => 'htlc' in kind)
    if (claim === undefined) throw new Error('no claim')
    return { bob: two.bob, tx, claim }
  }

  test(TITLES[owner].trimmed, (t) => {
    const { bob, claim } = twoOfOneHash()
    t.deepEqual(
      outcomes(
        bob.run({ type: 'spent', outpoint: claim.outpoint, tx: takenBy(preimageOf(1), claim), inMempool: true }),
      ).toSorted(),
      ['0 fulfilled', '1 fulfilled'],
    )
    t.deepEqual(outcomes(at(bob, 1200)), [])
    // The peer's own fulfilment came before the close: it was passed on, and stays.
    const two = ready()
    two.add(two.bob, 1, 300_000n)
    two.settle()
    two.fulfil(two.alice, 0n, 1)
    t.deepEqual(outcomes(two.bob.effects), [])
    two.deliver(two.alice)
    t.deepEqual(outcomes(two.bob.effects), ['0 fulfilled'])
    closeBy(two, owner === 'local' ? two.bob : two.alice)
    t.deepEqual(outcomes(resume(two.bob.state, two.bob.env)), ['0 fulfilled'])
    at(two.bob, 1200)
    t.false(outcomes(two.bob.effects).includes('0 timed-out-on-chain'))
  })

  test(TITLES[owner].uncommitted, (t) => {
    const two = ready()
    two.add(two.alice, 1, 50_000_000n)
    two.sign(two.alice)
    // Bob has it in his commitment, and alice may have it in hers, but she has not revoked the one without it.
    two.deliver(two.alice)
    two.deliver(two.alice)
    two.sign(two.bob)
    while (owner === 'remote' && two.sentBy(two.bob).length > 0) two.deliver(two.bob)
    two.lose(two.alice)
    const [htlc] = latest(two.bob.funded).local.spec.htlcs
    t.is(htlc?.amountMsat, 50_000_000n)
    closeBy(two, owner === 'local' ? two.bob : two.alice)
    two.bob.run({ type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1) })
    t.deepEqual(
      kinds(claims(at(two.bob, 1143))).filter((kind) => kind !== 'to-remote' && kind !== 'to-local'),
      [],
    )
  })

  test(TITLES[owner].undecided, (t) => {
    const two = ready()
    two.add(two.alice, 1, 50_000_000n)
    two.add(two.alice, 1, 40_000_000n)
    two.settle()
    two.fulfil(two.bob, 1n, 1)
    two.lose(two.bob)
    const tx = closeBy(two, owner === 'local' ? two.bob : two.alice)
    const taken = claims(at(two.bob, 1001)).flatMap(({ kind }) => ('htlc' in kind ? [kind.htlc.id] : []))
    t.deepEqual(taken, [1n])
    t.true(tx.outputs.some(({ amount }) => amount === 50_000n))
  })

  test(`two received HTLCs that are alike in all but their id, of which one is fulfilled — only that one is taken from the ${owner} commitment`, (t) => {
    const outpoints = [0n, 1n].map((fulfilled) => {
      const two = ready()
      for (let n = 0; n < 2; n++) two.add(two.alice, 1, 50_000_000n)
      two.settle()
      two.fulfil(two.bob, fulfilled, 1)
      two.lose(two.bob)
      closeBy(two, owner === 'local' ? two.bob : two.alice)
      const taken = claims(at(two.bob, 1001)).filter(({ kind }) => 'htlc' in kind)
      t.deepEqual(
        taken.map(({ kind }) => 'htlc' in kind && kind.htlc.id),
        [fulfilled],
      )
      return taken[0]?.outpoint.index
    })
    // Each has its own output.
    t.is(new Set(outpoints).size, 2)
  })
}

test('an HTLC without an output that the peer has failed — is not fulfilled by the preimage of another of its hash', (t) => {
  const two = ready()
  const { alice, bob } = two
  two.add(bob, 1, 50_000_000n)
  two.add(bob, 1, 300_000n)
  two.settle()
  // Gone from bob's commitment, and not yet from alice's.
  two.fail(alice, 1n)
  two.sign(alice)
  while (two.sentBy(alice).length > 0) two.deliver(alice)
  t.not(bob.funded.htlcs.offered[1]?.failure, undefined)
  closeBy(two, alice, 1143)
  const claim = claims(at(bob, 1144)).find(({ kind }) => 'htlc' in kind)
  if (claim === undefined) return t.fail()
  const taken = takenBy(preimageOf(1), claim)
  t.deepEqual(outcomes(bob.run({ type: 'spent', outpoint: claim.outpoint, tx: taken, inMempool: true })), [
    '0 fulfilled',
  ])
  t.deepEqual(outcomes(at(bob, 1200)), ['1 timed-out-on-chain'])
})

test('BOLT 5, local commitment, remote offers — the output of an HTLC-success transaction is resolved after its delay', (t) => {
  const two = ready()
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  closeBy(two, two.bob)
  const { bob } = two
  const [success] = claims(bob.run({ type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1) }))
  if (success?.kind.type !== 'htlc-success') return t.fail()
  mine(bob, success, 1002, takenBy(preimageOf(1), success))
  const isTaken = (height: number) => claims(at(bob, height)).some(({ kind }) => kind.type === 'htlc-output')
  t.false(isTaken(1002 + 142))
  t.true(isTaken(1002 + 143))
})

test('BOLT 5, remote commitment, local offers — an HTLC without an output is failed upstream once the commitment is deep enough', (t) => {
  const two = ready()
  two.add(two.bob, 1, 300_000n)
  two.settle()
  closeBy(two, two.alice)
  t.deepEqual(outcomes(at(two.bob, 1004)), [])
  t.deepEqual(outcomes(at(two.bob, 1005)), ['0 timed-out-on-chain'])
})

test('BOLT 5, unilateral close, remote commitment — what we cannot handle is told to the operator', (t) => {
  const two = ready()
  const old = two.bob.state
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.bob.state = old
  two.alice.run({ type: 'force-close' })
  const tx = commitmentOf(two.alice)
  seeClose(two.bob, tx)
  t.deepEqual(errors(two.bob), ['unknown-funding-spend'])
  const told = two.bob.effects.find((effect) => effect.type === 'emit' && effect.event.type === 'error')
  t.like(told, { event: { error: { txid: txidOf(tx) } } })
})

test('BOLT 5, general requirements — a spend of the funding that is no commitment and pays nothing of what is ours is told to the operator', (t) => {
  const stolen = (script: Uint8Array, amount: bigint): readonly string[] => {
    const { alice } = ready()
    const [commitment] = alice.funded.active
    if (commitment === undefined) throw new Error('no commitment')
    const input = { outpoint: fundingOutpoint(alice), sequence: 0xffffffff, scriptSig: EMPTY, witness: [] }
    seeClose(alice, { version: 2, inputs: [input], outputs: [{ amount, script }], lockTime: 0 })
    at(alice, 1005)
    t.is(endOf(alice), 'done')
    return errors(alice)
  }
  const { alice, bob } = ready()
  t.deepEqual(stolen(bob.keys.localShutdownScript, 999_000n), ['unknown-funding-spend'])
  t.deepEqual(stolen(alice.keys.localShutdownScript, 799_000n), [])
  // We have less than the fee and an output: what is ours is left out.
  t.deepEqual(stolen(bob.keys.localShutdownScript, 200_100n), [])
})

test('a close that leaves an HTLC open — does not end the channel before the origin of the HTLC has its outcome', (t) => {
  for (const isFulfilled of [false, true]) {
    const two = ready()
    const { alice, bob } = two
    two.add(alice, 1, 50_000_000n)
    two.settle()
    if (isFulfilled) {
      two.fulfil(bob, 0n, 1)
      two.deliver(bob)
    }
    const input = { outpoint: fundingOutpoint(alice), sequence: 0xffffffff, scriptSig: EMPTY, witness: [] }
    const output = { amount: 749_000n, script: alice.keys.localShutdownScript }
    seeClose(alice, { version: 2, inputs: [input], outputs: [output], lockTime: 0 })
    at(alice, 1200)
    t.deepEqual(outcomes(alice.effects), isFulfilled ? ['0 fulfilled'] : [])
    t.is(endOf(alice), isFulfilled ? 'closed' : 'open')
  }
})

test('BOLT 5, revoked transaction close — a penalty that an HTLC transaction of the peer has made void is followed by one of its output: at whatever index, several in one transaction, by preimage and by timeout', (t) => {
  const two = ready()
  two.add(two.bob, 1, 40_000_000n, 1010)
  two.add(two.alice, 2, 50_000_000n, 1010)
  two.add(two.bob, 3, 60_000_000n, 1010)
  two.settle()
  const old = two.alice.state
  two.add(two.alice, 4, 30_000_000n)
  two.settle()
  const now = two.alice.state
  two.alice.state = old
  const tx = closeBy(two, two.alice)
  const { alice, bob } = two
  const before = claims(bob.effects).filter(({ kind }) => kind.type === 'htlc-penalty')
  t.is(before.length, 3)
  // Alice, at her own commitment, takes what she can: both that she knows the preimage of, and the one that has expired.
  for (const [id, n] of [
    [0n, 1],
    [1n, 3],
  ] as const) {
    alice.run({ type: 'fulfil-htlc', htlcId: id, preimage: preimageOf(n) })
  }
  const own = claims(at(alice, 1010)).filter(({ kind }) => kind.type === 'htlc-success' || kind.type === 'htlc-timeout')
  t.deepEqual(kinds(own), ['htlc-success', 'htlc-success', 'htlc-timeout'])
  // What pays for them comes first, so that none is at index 0; SINGLE binds each to the output at its own index.
  const paying = {
    ...tx.inputs[0],
    outpoint: { txid: new Uint8Array(32).fill(9), index: 3 },
    witness: [],
  } as Tx['inputs'][0]
  const together: Tx = {
    version: 2,
    inputs: [paying, ...own.flatMap((claim) => claim.tx.inputs)],
    outputs: [{ amount: 5_000n, script: tx.outputs[0]?.script ?? EMPTY }, ...own.flatMap((claim) => claim.tx.outputs)],
    lockTime: 1010,
  }
  for (const { outpoint } of own) bob.run({ type: 'spent', outpoint, tx: together })
  const next = [...confirmed(bob, together, 1011), ...at(bob, 1011)]
  const after = claims(next).filter(({ outpoint }) => equalBytes(outpoint.txid, txidOf(together)))
  t.deepEqual(
    after.map(({ outpoint, amount }) => [outpoint.index, amount]),
    own.map(({ amount }, position) => [position + 1, amount]),
  )
  t.true(after.every(({ kind }) => kind.type === 'penalty'))
  t.false(claims(at(bob, 1012)).some(({ kind }) => kind.type === 'htlc-penalty'))
  alice.state = now
})

test('BOLT 5, revoked transaction close — a commitment of ours whose secret we have given away is never published, by no command and after no restart', (t) => {
  const two = ready()
  const { alice } = two
  const { localParams, local } = latest(alice.funded)
  const first = buildLocal(localParams, local.index, local.spec, alice.env).transaction.tx
  for (let n = 0; n < 3; n++) {
    two.add(alice, n)
    two.settle()
    two.fulfil(two.bob, BigInt(n), n)
    two.settle()
  }
  const effects = [
    ...alice.run({ type: 'force-close' }),
    ...seeClose(alice, first),
    ...alice.run({ type: 'unconfirmed', txid: txidOf(first) }),
    ...at(alice, 1100),
    ...resume(alice.state, alice.env),
  ]
  const txids = effects.flatMap((effect) =>
    effect.type === 'publish' && effect.publication.type !== 'claim' ? [toHex(txidOf(effect.publication.tx))] : [],
  )
  t.true(txids.length > 1)
  t.false(txids.includes(toHex(txidOf(first))))
})
