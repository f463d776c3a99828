import test from 'ava'
import fc from 'fast-check'
import { equalBytes } from '../lib/bytes.ts'
import type { FailureError } from '../lib/errors.ts'
import { type BlockSource, followBlocks } from './block-follower.ts'
import type { ChainBlock, ChainEvent, ChainTip } from './chain-backend.ts'

/** A chain of blocks whose hashes name them: a letter for the branch, and the height. */
const blockOf = (branch: string, height: number, previous: string): ChainBlock => ({
  height,
  hash: hashOf(branch, height),
  header: {
    version: 4,
    previous: hashOf(previous, height - 1),
    merkleRoot: new Uint8Array(32),
    time: 0,
    bits: 0,
    nonce: 0,
  },
  txs: [],
  txids: [],
})

const hashOf = (branch: string, height: number): Uint8Array => Uint8Array.of(branch.charCodeAt(0), height)
const nameOf = (hash: Uint8Array): string => `${String.fromCharCode(hash[0] ?? 0)}${hash[1] ?? 0}`

/** Names such as `aabb`: the branch of each block from height 0 on. */
class FakeSource implements BlockSource {
  chain: string
  constructor(chain: string) {
    this.chain = chain
  }
  at(height: number): ChainBlock | undefined {
    const branch = this.chain[height]
    return branch === undefined ? undefined : blockOf(branch, height, this.chain[height - 1] ?? 'g')
  }
  async tip(): Promise<ChainBlock> {
    return this.at(this.chain.length - 1) as ChainBlock
  }
  async hashAt(height: number): Promise<Uint8Array | undefined> {
    return this.at(height)?.hash
  }
  async block(hash: Uint8Array, height: number): Promise<ChainBlock | undefined> {
    const block = this.at(height)
    return block !== undefined && equalBytes(block.hash, hash) ? block : undefined
  }
}

const eventName = (event: ChainEvent): string =>
  event.type === 'connected' ? `+${nameOf(event.block.hash)}` : `-${nameOf(event.tip.hash)}`

const follow = (
  source: BlockSource,
  fromHeight: number,
  onEvent: (event: ChainEvent) => void | Promise<void> = () => {},
  anchor?: ChainTip,
) => {
  const events: string[] = []
  const failures: unknown[] = []
  const follower = followBlocks(source, {
    fromHeight,
    ...(anchor === undefined ? {} : { anchor }),
    onEvent: (event) => {
      events.push(eventName(event))
      return onEvent(event)
    },
    onFailed: (error) => failures.push(error),
  })
  return { events, failures, follower }
}

/** What a follower tells that begins where another has left off. */
const followFrom = async (source: BlockSource, followed: readonly ChainBlock[]): Promise<readonly string[]> => {
  const events: string[] = []
  const follower = followBlocks(source, {
    fromHeight: (followed.at(-1)?.height ?? -1) + 1,
    followed,
    onEvent: (event) => void events.push(eventName(event)),
    onFailed: (error) => {
      throw error
    },
  })
  await follower.look()
  return events
}

test('the follower — delivers each block once, from the height asked for', async (t) => {
  const source = new FakeSource('aaa')
  const { events, follower } = follow(source, 1)
  await follower.look()
  await follower.look()
  source.chain = 'aaaaa'
  await follower.look()
  t.deepEqual(events, ['+a1', '+a2', '+a3', '+a4'])
})

test('the follower — undoes a branch before it delivers another', async (t) => {
  const source = new FakeSource('aaaa')
  const { events, follower } = follow(source, 1)
  await follower.look()
  source.chain = 'aabbb'
  await follower.look()
  t.deepEqual(events.slice(3), ['-a3', '-a2', '+b2', '+b3', '+b4'])
})

test('the follower — undoes blocks also when the chain has become shorter', async (t) => {
  const source = new FakeSource('aaaa')
  const { events, follower } = follow(source, 1)
  await follower.look()
  source.chain = 'ab'
  await follower.look()
  t.deepEqual(events.slice(3), ['-a3', '-a2', '-a1', '+b1'])
})

test('the follower — undoes blocks that were there before the first, if another branch takes their place', async (t) => {
  const source = new FakeSource('aaaa')
  const { events, follower } = follow(source, 4)
  await follower.look()
  source.chain = 'aabbb'
  await follower.look()
  t.deepEqual(events, ['-a3', '-a2', '+b2', '+b3', '+b4'])
})

test('the follower — of a branch that was put below all that was followed before the start, each block is delivered', async (t) => {
  const follow = (chain: string): Promise<readonly string[]> => {
    const source = new FakeSource(chain)
    return followFrom(source, [blockOf('a', 3, 'a'), blockOf('a', 4, 'a')])
  }
  t.deepEqual(await follow('aaaaa'), [])
  t.deepEqual(await follow('aaaab'), ['-a4', '+b4'])
  t.deepEqual(
    await follow('aabbbb'),
    ['-a4', '-a3', '+a1', '+b2', '+b3', '+b4', '+b5'],
    'nothing above the base was told',
  )
})

test('the follower — a chain that is only shorter undoes nothing, until it holds another block', async (t) => {
  const source = new FakeSource('aaaa')
  const { events, follower } = follow(source, 1)
  await follower.look()
  for (const shorter of ['aa', 'a', 'aaa']) {
    source.chain = shorter
    await follower.look()
  }
  t.deepEqual(events.slice(3), [])
  source.chain = 'aab'
  await follower.look()
  t.deepEqual(events.slice(3), ['-a3', '-a2', '+b2'])
})

test('the follower — another chain ends the following with a typed failure', async (t) => {
  const source = new FakeSource('aaaa')
  const { events, failures, follower } = follow(source, 1)
  await follower.look()
  source.chain = 'bbbbbb'
  await follower.look()
  await follower.look()
  t.deepEqual(events, ['+a1', '+a2', '+a3'], 'nothing is undone for it')
  t.like((failures as FailureError[])[0]?.failure, { code: 'chain-rewritten', height: 0 })
  t.is(failures.length, 1)
})

test('the follower — a chain without the anchor ends the following before anything is delivered', async (t) => {
  const anchor = { height: 2, hash: hashOf('a', 2) }
  const source = new FakeSource('ab')
  const { events, failures, follower } = follow(source, 3, undefined, anchor)
  await follower.look()
  t.deepEqual(failures, [], 'a chain that has not come so far is waited for')
  source.chain = 'abbbb'
  await follower.look()
  t.like((failures as FailureError[])[0]?.failure, { code: 'chain-rewritten', height: 2 })
  t.deepEqual(events, [])
})

test('the follower — names the block that is gone, and goes on when it is there again', async (t) => {
  const source = new FakeSource('aaaa')
  const pruned: BlockSource = {
    tip: () => source.tip(),
    hashAt: (height) => source.hashAt(height),
    block: async (hash, height) => (height === 2 && isPruned ? undefined : source.block(hash, height)),
  }
  let isPruned = true
  const { events, follower } = follow(pruned, 1)
  await follower.look()
  t.deepEqual([events, follower.missing], [['+a1'], 2])
  isPruned = false
  await follower.look()
  t.deepEqual([events, follower.missing], [['+a1', '+a2', '+a3'], undefined])
})

test('the follower — waits for the handler before the next block', async (t) => {
  const source = new FakeSource('aaa')
  const gates: (() => void)[] = []
  const { events, follower } = follow(source, 1, () => new Promise<void>((resolve) => gates.push(resolve)))
  const looking = follower.look()
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(events, ['+a1'])
  gates.shift()?.()
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(events, ['+a1', '+a2'])
  gates.shift()?.()
  await looking
})

test('the follower — stops at a handler that throws, and says so', async (t) => {
  const { events, failures, follower } = follow(new FakeSource('aaa'), 1, () => {
    throw new Error('no')
  })
  await follower.look()
  await follower.look()
  t.deepEqual(events, ['+a1'])
  t.is((failures[0] as Error).message, 'no')
})

test('the follower — a source that throws fails the look, not the following', async (t) => {
  const source = new FakeSource('aaa')
  const broken: BlockSource = {
    tip: () => Promise.reject(new Error('away')),
    hashAt: (height) => source.hashAt(height),
    block: (hash, height) => source.block(hash, height),
  }
  const { events, follower } = follow(broken, 1)
  await t.throwsAsync(follower.look(), { message: 'away' })
  broken.tip = () => source.tip()
  await follower.look()
  t.deepEqual(events, ['+a1', '+a2'])
})

test('the follower — delivers nothing after it has stopped', async (t) => {
  const source = new FakeSource('aaa')
  const { events, follower } = follow(source, 1)
  await follower.stop()
  await follower.look()
  t.deepEqual(events, [])
})

test('the follower — whatever the chain does, what was delivered and not undone is the chain', async (t) => {
  const chains = fc.array(fc.stringMatching(/^a[ab]{0,7}$/), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(chains, async (versions) => {
      // Branches must differ from their first other block on, so each version is a letter of its own past the fork.
      const source = new FakeSource('g')
      const { events, follower } = follow(source, 0)
      const stack: string[] = []
      let seen = 0
      for (const version of versions) {
        source.chain = namedByAncestry(version)
        await follower.look()
        for (const event of events.slice(seen)) {
          if (event.startsWith('+')) stack.push(event.slice(1))
          else t.is(stack.pop(), event.slice(1))
        }
        seen = events.length
        const chain = [...source.chain].map((branch, height) => `${branch}${height}`)
        // A chain that is only shorter than what was delivered undoes nothing.
        t.deepEqual(stack.slice(0, chain.length), chain)
      }
    }),
    { seed: 29, numRuns: 100 },
  )
})

/** Gives a block a name that depends on all before it, as a hash does. */
const namedByAncestry = (version: string): string => {
  let state = 0
  return [...version]
    .map((letter) => {
      state = (state * 2 + (letter === 'b' ? 1 : 0) + 1) % 10_000
      return String.fromCharCode(48 + (state % 200))
    })
    .join('')
}
