import { createHmac } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { displayBlockHash } from '../../core/src/bitcoin/block.ts'
import { NETWORKS, type Network } from '../../core/src/bitcoin/network.ts'
import { bitcoindBackend } from '../../core/src/chain/bitcoind/bitcoind-backend.ts'
import type { RpcAuth } from '../../core/src/chain/bitcoind/rpc-client.ts'
import type { ChainEvent, ChainFollowing } from '../../core/src/chain/chain-backend.ts'
import { OWNED } from '../../core/src/chain/fixtures/funded.ts'
import { SINK } from '../../core/src/chain/fixtures/signing.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { waitFor } from '../support/wait-for.ts'
import { type BitcoindOptions, type RunningBitcoind, startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const ADDRESS = scriptToAddress(SINK, NETWORKS.regtest) ?? ''
const OTHER_ADDRESS = scriptToAddress(OWNED, NETWORKS.regtest) ?? ''
const POLL_MS = 50
const ANSWER_MS = 2_000

interface Connection {
  readonly auth?: RpcAuth
  readonly zmqUrl?: string
  readonly network?: Network
}

/** What follows a bitcoind, and all that it was told. */
const followerOf = (t: ExecutionContext, { rpcUrl, auth: own }: RunningBitcoind, connection: Connection = {}) => {
  const { auth = own, zmqUrl, network = NETWORKS.regtest } = connection
  const events: string[] = []
  const failures: unknown[] = []
  const problems: string[] = []
  const backend = bitcoindBackend({
    network,
    clock: systemClock,
    rpc: { url: rpcUrl, auth, timeoutMs: ANSWER_MS },
    pollIntervalMs: POLL_MS,
    onProblem: ({ code }) => problems.push(code),
    onReachable: () => problems.push('reachable'),
    ...(zmqUrl !== undefined && { zmqUrl }),
  })
  t.teardown(() => backend.stop())
  const onEvent = (event: ChainEvent): void => {
    events.push(event.type === 'connected' ? `+${event.block.height}` : `-${event.tip.height}`)
  }
  const start = (following: Partial<ChainFollowing> = {}) =>
    backend.start({ fromHeight: 1, ...following, onEvent, onFailed: (error) => failures.push(error) })
  const until = (what: string, holds: () => boolean) => waitFor(what, async () => holds())
  return { backend, events, failures, problems, start, until }
}

const place = async (t: ExecutionContext, options: BitcoindOptions = {}) => {
  const bitcoind = await startBitcoind(options)
  t.teardown(() => bitcoind.stop())
  return bitcoind
}

const mine = ({ rpc }: RunningBitcoind, count: number, address = ADDRESS) =>
  rpc<string[]>('generatetoaddress', [count, address])

const heights = (from: number, to: number, sign = '+'): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${sign}${from + i}`)

/** What bitcoind keeps of a password, and the password: it makes a cookie beside it. */
const rpcauth = (password: string): string => {
  const salt = '0123456789abcdef0123456789abcdef'
  return `-rpcauth=node:${salt}$${createHmac('sha256', salt).update(password).digest('hex')}`
}

const withPassword = (password: string): RpcAuth => ({ type: 'password', user: 'node', password })

real(
  'a password — is taken, and refused when bitcoind starts again with another: that is told, and ends when it has the first again',
  async (t) => {
    const first = await startBitcoind({ args: [rpcauth('first')] })
    const { ports, dataDir } = first
    const follower = followerOf(t, first, { auth: withPassword('first') })
    t.true((await follower.start()).ok)
    await mine(first, 3)
    await follower.until('follows', () => follower.events.length === 3)

    await first.stop({ keepData: true })
    const second = await startBitcoind({ args: [rpcauth('second')], ports, dataDir })
    await follower.until('is refused', () => follower.backend.health().problem?.code === 'bitcoind-unauthorized')
    await mine(second, 1)
    t.false(follower.backend.health().isCurrent)
    t.is(follower.events.length, 3)
    t.like(await followerOf(t, second, { auth: withPassword('first') }).start(), {
      ok: false,
      error: { code: 'bitcoind-unauthorized' },
    })

    await second.stop({ keepData: true })
    const third = await startBitcoind({ args: [rpcauth('first')], ports, dataDir })
    t.teardown(() => third.stop())
    await follower.until('goes on', () => follower.events.length === 4)
    t.true(follower.backend.health().isCurrent)
    t.deepEqual(follower.failures, [])
  },
)

real('a cookie — is read again when bitcoind has made another', async (t) => {
  const first = await startBitcoind()
  const { ports, dataDir } = first
  const follower = followerOf(t, first)
  t.true((await follower.start()).ok)
  await first.stop({ keepData: true })
  const second = await startBitcoind({ ports, dataDir })
  t.teardown(() => second.stop())
  await mine(second, 2)
  await follower.until('goes on', () => follower.events.length === 2)
})

real('a bitcoind of another network — is refused by each', async (t) => {
  const bitcoind = await place(t)
  for (const name of ['mainnet', 'testnet', 'signet'] as const) {
    const refused = await followerOf(t, bitcoind, { network: NETWORKS[name] }).start()
    t.like(refused, { ok: false, error: { code: 'bitcoind-wrong-network', actual: 'regtest' } })
  }
})

real('ZMQ that says nothing — is not needed: what it should have told is found by asking', async (t) => {
  const bitcoind = await place(t)
  // There is nobody at this port.
  const follower = followerOf(t, bitcoind, { zmqUrl: 'tcp://127.0.0.1:1' })
  t.true((await follower.start()).ok)
  await mine(bitcoind, 5)
  await follower.until('follows', () => follower.events.length === 5)
})

real('the same tip told twice, by two notices and by asking — is delivered once', async (t) => {
  const bitcoind = await place(t)
  // It publishes each block by hash and whole.
  const follower = followerOf(t, bitcoind, { zmqUrl: bitcoind.zmqUrl })
  t.true((await follower.start()).ok)
  for (let block = 0; block < 10; block++) await mine(bitcoind, 1)
  await follower.until('follows', () => follower.events.length >= 10)
  t.deepEqual(follower.events, heights(1, 10))
})

real(
  'a bitcoind that hangs, its connections open — counts as silent, and is followed on when it answers',
  async (t) => {
    const bitcoind = await place(t)
    const follower = followerOf(t, bitcoind)
    t.true((await follower.start()).ok)
    await mine(bitcoind, 2)
    await follower.until('follows', () => follower.events.length === 2)
    bitcoind.hang()
    await follower.until('is silent', () => follower.backend.health().problem?.code === 'bitcoind-unreachable')
    t.false(follower.backend.health().isCurrent)
    const sent = await follower.backend.broadcast({ version: 2, inputs: [], outputs: [], lockTime: 0 })
    t.like(sent, { ok: false, error: { code: 'backend-unavailable' } })
    bitcoind.resume()
    await follower.until('is current', () => follower.backend.health().isCurrent)
    await mine(bitcoind, 2)
    await follower.until('goes on', () => follower.events.length === 4)
    t.deepEqual(follower.problems.slice(0, 2), ['bitcoind-unreachable', 'reachable'])
  },
)

real(
  'a tip that goes back — undoes nothing while no other branch is there, then what the other branch replaces',
  async (t) => {
    const bitcoind = await place(t)
    await mine(bitcoind, 10)
    const follower = followerOf(t, bitcoind)
    t.true((await follower.start()).ok)
    await follower.until('follows', () => follower.events.length === 10)
    const sixth = await bitcoind.rpc<string>('getblockhash', [6])
    await bitcoind.rpc('invalidateblock', [sixth])
    await follower.until('sees the lower tip', () => follower.backend.tip().height === 5)
    await bitcoind.rpc('reconsiderblock', [sixth])
    await follower.until('sees the tip again', () => follower.backend.tip().height === 10)
    t.deepEqual(follower.events, heights(1, 10))

    await bitcoind.rpc('invalidateblock', [sixth])
    await mine(bitcoind, 2, OTHER_ADDRESS)
    await follower.until('follows the other branch', () => follower.events.at(-1) === '+7')
    t.deepEqual(follower.events.slice(10), [...heights(6, 10, '-').toReversed(), '+6', '+7'])
    t.deepEqual(follower.failures, [])
  },
)

real('a clock that is hours off, on either side — changes nothing', async (t) => {
  const bitcoind = await place(t)
  const follower = followerOf(t, bitcoind)
  t.true((await follower.start()).ok)
  const now = Math.floor(Date.now() / 1_000)
  for (const [index, hours] of [-20, 5, 30].entries()) {
    await bitcoind.rpc('setmocktime', [now + hours * 3_600])
    await mine(bitcoind, 3)
    await follower.until('follows', () => follower.events.length === 3 * (index + 1))
  }
  t.true(follower.backend.health().isCurrent)
  t.deepEqual(follower.problems, [])
})

/** The same chain by a name that has others to catch up with: on regtest there is nobody. */
const PUBLIC: Network = { ...NETWORKS.regtest, name: 'signet' }

real(
  'initial block download — keeps a first start waiting, and a node that has followed the chain starts and says that it is not there yet',
  async (t) => {
    const bitcoind = await place(t)
    const first = await followerOf(t, bitcoind, { network: PUBLIC }).start({ isFirst: true })
    t.like(first, { ok: false, error: { code: 'bitcoind-still-syncing', detail: '0 of 0 blocks' } })

    const follower = followerOf(t, bitcoind, { network: PUBLIC })
    t.true((await follower.start()).ok)
    t.like(follower.backend.health(), { isCatchingUp: true, estimates: { arePresent: false } })
    await mine(bitcoind, 3)
    await follower.until('has caught up', () => !follower.backend.health().isCatchingUp)
    await follower.until('follows', () => follower.events.length === 3)
    // Nothing was learnt of fees: that is said, and what the mempool takes is all that there is.
    t.false(follower.backend.health().estimates.arePresent)
    t.true((await followerOf(t, bitcoind, { network: PUBLIC }).start({ isFirst: true })).ok)
  },
)

real('a start while bitcoind reads its own files — waits for it', async (t) => {
  const before = await startBitcoind()
  await mine(before, 50)
  const { ports, dataDir, rpcUrl, auth } = before
  await before.stop({ keepData: true })
  // It is asked as soon as it answers at all.
  const restarted = startBitcoind({ ports, dataDir })
  t.teardown(async () => (await restarted).stop())
  const follower = followerOf(t, { ...before, rpcUrl, auth })
  let started = await follower.start()
  while (!started.ok && started.error.code === 'bitcoind-unreachable') {
    await new Promise((resolve) => setImmediate(resolve))
    started = await followerOf(t, { ...before, rpcUrl, auth }).start()
  }
  t.like(started, { ok: true, value: { height: 50 } })
  t.is(
    displayBlockHash((started.ok ? started.value : undefined)?.hash ?? new Uint8Array(32)),
    await (await restarted).rpc<string>('getbestblockhash'),
  )
})

real(
  'a disk of bitcoind that is full — ends bitcoind, not what follows it, which goes on when there is room again',
  async (t) => {
    // A file of blocks takes 64 kB here.
    const full = await startBitcoind({ args: ['-fastprune'], fileLimitKb: 40 })
    const { ports, dataDir } = full
    const follower = followerOf(t, full)
    t.true((await follower.start()).ok)
    await t.throwsAsync(async () => {
      for (let batch = 0; batch < 30; batch++) await mine(full, 20)
    })
    await follower.until('is silent', () => follower.backend.health().problem?.code === 'bitcoind-unreachable')
    await full.stop({ keepData: true })
    const roomy = await startBitcoind({ args: ['-fastprune'], ports, dataDir })
    t.teardown(() => roomy.stop())
    await follower.until('is current', () => follower.backend.health().isCurrent)
    await mine(roomy, 5)
    const tip = await roomy.rpc<number>('getblockcount')
    await follower.until('goes on', () => follower.events.at(-1) === `+${tip}`)
    t.deepEqual(follower.failures, [])
  },
)
