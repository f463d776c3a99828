import test from 'ava'
import fc from 'fast-check'
import { equalBytes, toHex, utf8Encode } from '../lib/bytes.ts'
import { satToMsat } from '../lib/units.ts'
import { isFunded } from './state/channel-state.ts'
import type { ChannelMessage } from './state/inputs.ts'
import { agree, SimulatedNode, totalOf } from './transitions/fixtures/simulation.ts'
import { FEATURES } from './transitions/fixtures/test-party.ts'
import { FUNDING, hashOf, preimageOf, TwoParties } from './transitions/fixtures/two-parties.ts'

type Side = 'alice' | 'bob'

type Action =
  | { readonly do: 'add'; readonly side: Side; readonly sat: number }
  | { readonly do: 'decide'; readonly side: Side; readonly fulfil: boolean }
  | { readonly do: 'deliver' | 'sign' | 'crash'; readonly side: Side }
  /** The disk takes this many of the steps that wait. */
  | { readonly do: 'commit'; readonly side: Side; readonly steps: number }
  | { readonly do: 'fee'; readonly feerate: number }
  | { readonly do: 'disconnect' | 'connect' }
  /** A stretch of ordinary work. */
  | { readonly do: 'work' }

const side = fc.constantFrom<Side>('alice', 'bob')
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('add' as const), side, sat: fc.integer({ min: 1, max: 120_000 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('decide' as const), side, fulfil: fc.boolean() }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('deliver' as const), side }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('sign' as const), side }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('commit' as const), side, steps: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), side }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('fee' as const), feerate: fc.integer({ min: 1000, max: 5000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('disconnect' as const, 'connect' as const) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'work' as const }) },
)

/** Two nodes whose disks lag, and the wire between them. */
class World {
  readonly two = new TwoParties().ready({ pushMsat: 400_000_000n })
  readonly nodes: Readonly<Record<Side, SimulatedNode>>
  readonly wire: Readonly<Record<Side, ChannelMessage[]>> = { alice: [], bob: [] }
  readonly uncovered: string[] = []
  epoch = 1
  isConnected = true
  payments = 0

  constructor() {
    const { alice, bob } = this.two
    const node = (name: Side, party: typeof alice) =>
      new SimulatedNode(party, (message, epoch) => {
        if (this.isConnected && epoch === this.epoch) this.wire[name].push(message)
      })
    this.nodes = { alice: node('alice', alice), bob: node('bob', bob) }
    // Writes the states that the two have reached so far to their disks.
    for (const name of ['alice', 'bob'] as const) {
      this.nodes[name].run({ type: 'set-relay-fees', policy: { feeBaseMsat: 5n } })
      this.nodes[name].commit()
    }
  }

  apply(action: Action): void {
    switch (action.do) {
      case 'add': {
        const n = this.payments++
        this.nodes[action.side].run({
          type: 'add-htlc',
          requestId: String(n),
          amountMsat: BigInt(action.sat) * 1000n,
          paymentHash: hashOf(n),
          cltvExpiry: 1144,
          onion: new Uint8Array(1366),
          origin: { type: 'local', payment: utf8Encode(String(n)) },
        })
        break
      }
      case 'decide':
        this.decide(action.side, action.fulfil)
        break
      case 'deliver':
        this.deliver(action.side)
        break
      case 'sign':
        this.nodes[action.side].run({ type: 'sign' })
        break
      case 'commit':
        this.nodes[action.side].commit(action.steps)
        break
      case 'fee':
        this.nodes.alice.run({ type: 'update-fee', feeratePerKw: action.feerate })
        break
      case 'disconnect':
        this.disconnect()
        break
      case 'connect':
        this.connect()
        break
      case 'crash':
        this.crash(action.side)
        break
      case 'work':
        this.connect()
        for (const name of ['alice', 'bob'] as const) {
          this.nodes[name].run({ type: 'sign' })
          this.nodes[name].commit()
          this.deliver(name)
          this.deliver(name)
        }
        break
    }
  }

  decide(name: Side, fulfil: boolean): boolean {
    const node = this.nodes[name]
    const [first] = node.held
    if (first === undefined) return false
    const [htlcId, hash] = first
    node.held.delete(htlcId)
    const n = Array.from({ length: this.payments }, (_, i) => i).find((i) => equalBytes(hashOf(i), hash)) ?? -1
    if (fulfil) node.run({ type: 'fulfil-htlc', htlcId, preimage: preimageOf(n) })
    else node.run({ type: 'fail-htlc', htlcId, reason: new Uint8Array(292) })
    return true
  }

  deliver(from: Side): boolean {
    const message = this.wire[from].shift()
    if (message === undefined) return false
    const to = from === 'alice' ? 'bob' : 'alice'
    this.nodes[to].run({ type: 'peer-message', epoch: this.epoch, message })
    return true
  }

  disconnect(): void {
    if (!this.isConnected) return
    this.isConnected = false
    this.wire.alice.length = 0
    this.wire.bob.length = 0
    for (const node of Object.values(this.nodes)) node.run({ type: 'disconnected', epoch: this.epoch })
  }

  connect(): void {
    if (this.isConnected) return
    this.isConnected = true
    this.epoch++
    for (const node of Object.values(this.nodes)) {
      node.run({ type: 'connected', epoch: this.epoch, remoteFeatures: FEATURES })
    }
  }

  crash(name: Side): void {
    this.uncovered.push(...this.nodes[name].crash())
    this.disconnect()
  }

  /** Lets everything come to an end: all decided, all delivered, all on disk. */
  finish(): void {
    this.connect()
    for (let round = 0; round < 500; round++) {
      let moved = false
      for (const name of ['alice', 'bob'] as const) {
        this.nodes[name].commit()
        while (this.deliver(name)) moved = true
        while (this.decide(name, round % 2 === 0)) moved = true
      }
      for (const name of ['alice', 'bob'] as const) {
        this.nodes[name].run({ type: 'sign' })
        this.nodes[name].commit()
      }
      if (!moved && this.wire.alice.length === 0 && this.wire.bob.length === 0) return
    }
    throw new Error('never comes to rest')
  }
}

const check = (world: World, actions: readonly Action[]): void => {
  for (const each of actions) {
    world.apply(each)
    for (const node of Object.values(world.nodes)) {
      const { durable } = node.party.state
      if (!isFunded(durable) || durable.phase === 'closing') throw new Error(`${node.party.name} is ${durable.phase}`)
      const [commitment] = durable.active
      for (const commit of [commitment?.local, commitment?.remote, commitment?.remoteNext]) {
        if (commit === undefined) continue
        const { toLocalMsat, toRemoteMsat, htlcs } = commit.spec
        if (totalOf({ toLocalMsat, toRemoteMsat, htlcs } as Parameters<typeof totalOf>[0]) !== satToMsat(FUNDING)) {
          throw new Error('money came or went')
        }
      }
    }
  }
  world.finish()
  const a = world.two.alice.funded
  const b = world.two.bob.funded
  const problems = [...world.nodes.alice.problems, ...world.nodes.bob.problems, ...world.uncovered]
  if (problems.length > 0) throw new Error(problems.join('; '))
  if (!agree(a, b)) throw new Error('the two disagree')
  for (const [mine, theirs] of [
    [a, b],
    [b, a],
  ] as const) {
    if (mine.htlcs.offered.length + mine.htlcs.received.length > 0) throw new Error('HTLCs are left')
    if (mine.active[0]?.local.spec.toLocalMsat !== theirs.active[0]?.local.spec.toRemoteMsat)
      throw new Error('balances')
  }
  const paid = (name: Side) => [...world.nodes[name].paid.values()].reduce((sum, amount) => sum + amount, 0n)
  const expected = 600_000_000n - paid('alice') + paid('bob')
  if (a.active[0]?.local.spec.toLocalMsat !== expected) throw new Error('the outcomes do not add up to the balances')
}

/** What may happen while two nodes negotiate a close. */
const interruption: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), side }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('commit' as const), side, steps: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'sign' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('disconnect' as const, 'connect' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('decide' as const), side, fulfil: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ do: 'work' as const }) },
)

const agreedTxid = (node: SimulatedNode): string | undefined => {
  const { durable } = node.party.state
  const mutual = durable.phase === 'closing' ? durable.closing.mutual : undefined
  return mutual === undefined ? undefined : toHex(mutual.txid)
}

test('two nodes — close with one transaction whatever interrupts them', (t) => {
  const before = fc.array(action, { minLength: 5, maxLength: 40, size: 'max' })
  const after = fc.array(interruption, { minLength: 5, maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(before, side, after, (actions, closer, interruptions) => {
      const world = new World()
      for (const each of actions) world.apply(each)
      const node = world.nodes[closer]
      node.run({ type: 'close' })
      node.commit()
      for (const each of interruptions) world.apply(each)
      world.finish()
      // A side that has agreed may not know that the other has: both must end with the same transaction.
      const txid = agreedTxid(world.nodes.alice)
      if (txid === undefined || txid !== agreedTxid(world.nodes.bob)) {
        throw new Error(`alice is ${world.two.alice.phase}, bob is ${world.two.bob.phase}`)
      }
      const problems = [...world.nodes.alice.problems, ...world.nodes.bob.problems, ...world.uncovered]
      if (problems.length > 0) throw new Error(problems.join('; '))
    }),
    { seed: 43, numRuns: 150 },
  )
  t.pass()
})

test('BOLT 2, message retransmission — over any order of payments, disconnections and crashes both agree and lose nothing', (t) => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 200, size: 'max' }), (actions) => {
      check(new World(), actions)
    }),
    { seed: 42, numRuns: 200 },
  )
  t.pass()
})
