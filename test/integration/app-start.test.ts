import { execFile, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type DevChain, openDevChain } from '../../core/src/app/devnet/dev-chain.ts'
import { type NodeProcess, startNodeProcess } from '../../core/src/app/devnet/devnet-node.ts'
import { until } from '../../core/src/app/devnet/until.ts'
import { ENDS_WITH_STDIN } from '../../core/src/app/stop-request.ts'
import { damagePages } from '../support/damage-pages.ts'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from '../support/launcher.ts'

// One node on a devchain's RPC, in a process of its own, asked by the command line in others: as an operator has it.

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

const fulgurite = (args: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [...NODE_FLAGS, LAUNCHER, ...args],
      { env: nodeEnvironment({ PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env }), timeout: 30_000 },
      (error, out, err) => resolve({ code: Number(error === null ? 0 : (error.code ?? -1)), out, err }),
    )
  })

const errorOf = ({ out }: Run): Record<string, unknown> => (JSON.parse(out) as { error: Record<string, unknown> }).error

const root = mkdtempSync(join(tmpdir(), 'fulgurite-app-'))
const data = join(root, 'node')
let chain: DevChain
let node: NodeProcess

const onChain = (): readonly string[] => [
  ...['start', '--json', '--network', 'regtest', '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'],
  ...['--bitcoind-url', chain.rpcUrl, '--bitcoind-cookie', chain.cookiePath],
]

test.before(async () => {
  chain = await openDevChain(root)
  node = await startNodeProcess({ name: 'node', data, chain })
})

test.after.always(async () => {
  await node.stop()
  await chain.close()
  rmSync(root, { recursive: true, force: true })
})

test.serial('the command line finds the node by its data folder and gets what the contract says', async (t) => {
  const { code, out } = await fulgurite(['getinfo', '--json', '--data', data])
  t.is(code, 0)
  const info = JSON.parse(out)
  t.is(info.nodeId, node.places.nodeId)
  t.is(info.network, 'regtest')
  t.is(info.chainBackend, 'bitcoind')
  t.is(info.blockHeight, chain.chain.tip.height)
  t.true(info.synced)
})

test.serial('money from the faucet is in the wallet as soon as its block is', async (t) => {
  const address = JSON.parse((await fulgurite(['wallet', 'new-address', '--json', '--data', data])).out).address
  await chain.fund([{ address, amountSat: 123_456n }])
  chain.chain.mine(1)
  let confirmed = 0
  while (confirmed === 0) {
    confirmed = JSON.parse((await fulgurite(['wallet', 'balance', '--json', '--data', data])).out).confirmedSat
  }
  t.is(confirmed, 123_456)
})

test.serial('a second node on the same data folder is refused, and the first goes on', async (t) => {
  const second = await fulgurite([...onChain(), '--data', data])
  t.is(second.code, 1)
  t.is(errorOf(second).code, 'store-in-use')
  t.is(errorOf(second).pid, node.pid)
  t.regex(String(errorOf(second).message), new RegExp(`another node is running on .*: process ${node.pid}$`))
  t.regex(String(errorOf(second).hint), new RegExp(`fulgurite stop --data ${data} or kill ${node.pid};`))
  t.is((await fulgurite(['getinfo', '--json', '--data', data])).code, 0)
})

test.serial('without --json a failure goes to standard error, with the fix and the code', async (t) => {
  const refused = await fulgurite(['start', '--network', 'mainnet', '--data', join(root, 'mainnet')])
  t.is(refused.code, 1)
  t.is(refused.out, '')
  t.regex(
    refused.err,
    /^error: nobody has said for .* is at risk.*\[mainnet-risk-not-accepted\]\nif you accept that, start it once with --mainnet-risk-accepted;/,
  )
})

test.serial('a bitcoind on another network is refused', async (t) => {
  const args = onChain().map((arg) => (arg === 'regtest' ? 'signet' : arg))
  const refused = await fulgurite([...args, '--data', join(root, 'signet')])
  t.is(refused.code, 1)
  t.like(errorOf(refused), { code: 'bitcoind-wrong-network', expected: 'signet', actual: 'regtest' })
})

test.serial('a bitcoind that is not there is named', async (t) => {
  const args = onChain().map((arg) => (arg === chain.rpcUrl ? 'http://127.0.0.1:1' : arg))
  const refused = await fulgurite([...args, '--data', join(root, 'nowhere')])
  t.is(refused.code, 3)
  t.like(errorOf(refused), { code: 'bitcoind-unreachable', url: 'http://127.0.0.1:1' })
  // It has made nothing: with the right address the next start is the first.
  t.false(existsSync(join(root, 'nowhere')))
})

test.serial('credentials that bitcoind does not accept are named', async (t) => {
  const cookie = join(root, 'wrong-cookie')
  writeFileSync(cookie, '__cookie__:wrong')
  const args = onChain().map((arg) => (arg === chain.cookiePath ? cookie : arg))
  const refused = await fulgurite([...args, '--data', join(root, 'stranger')])
  t.is(refused.code, 3)
  t.is(errorOf(refused).code, 'bitcoind-unauthorized')
})

test.serial('a port that is taken is named with its option', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  for (const [option, code] of [
    ['--listen', 'listen-failed'],
    ['--api', 'cannot-listen'],
  ] as const) {
    const args = onChain().map((arg, i, all) => (all[i - 1] === option ? `127.0.0.1:${port}` : arg))
    const refused = await fulgurite([...args, '--data', join(root, 'taken')])
    t.is(refused.code, 1)
    t.is(errorOf(refused).code, code)
    t.true(String(errorOf(refused).hint).includes(option))
    t.false(existsSync(join(root, 'taken')))
  }
  await new Promise((resolve) => taken.close(resolve))
})

test.serial(
  'a data folder of another network is refused, and so is a seed that others can read, with what to type',
  async (t) => {
    const folder = join(root, 'leaky')
    const first = await startNodeProcess({ name: 'leaky', data: folder, chain })
    await first.stop()
    const elsewhere = onChain().map((arg) => (arg === 'regtest' ? 'signet' : arg))
    const moved = await fulgurite([...elsewhere, '--data', folder])
    t.like(errorOf(moved), { code: 'data-of-another-network', expected: 'signet', actual: 'regtest' })
    chmodSync(join(folder, 'seed'), 0o644)
    const refused = await fulgurite([...onChain(), '--data', folder])
    t.is(refused.code, 1)
    t.is(errorOf(refused).code, 'seed-readable-by-others')
    t.is(errorOf(refused).hint, `allow its owner alone: chmod 600 ${join(folder, 'seed')}`)
  },
)

test.serial('a node stops in order when it is told by the contract, and comes back as the same node', async (t) => {
  const { nodeId } = node.places
  t.is((await fulgurite(['stop', '--json', '--data', data])).code, 0)
  t.is(await node.ended, 'exit code 0')
  t.is((await fulgurite(['getinfo', '--json', '--data', data])).code, 3)
  node = await startNodeProcess({ name: 'node', data, chain })
  t.is(node.places.nodeId, nodeId)
  await until('the node has looked at the chain again', 10_000, async () =>
    (await node.client.ask('node', 'getInfo', {})).synced ? true : undefined,
  )
  t.is((await node.client.ask('wallet', 'balance', {})).confirmedSat, 123_456n)
})

test.serial('a node stops in order on SIGTERM', async (t) => {
  process.kill(node.pid, 'SIGTERM')
  t.is(await node.ended, 'exit code 0')
  node = await startNodeProcess({ name: 'node', data, chain })
})

test.serial(
  'a node that hears twice at once of a stop, as the launcher hands on what the terminal sent to both, stops in order',
  async (t) => {
    process.kill(node.pid, 'SIGTERM')
    process.kill(node.pid, 'SIGINT')
    t.is(await node.ended, 'exit code 0')
    node = await startNodeProcess({ name: 'node', data, chain })
  },
)

test.serial(
  'a node that reads a damaged row ends with words, does not start on the database again, and starts on a backup in its place',
  async (t) => {
    const folder = join(root, 'damaged')
    const path = join(folder, 'node.sqlite')
    const first = await startNodeProcess({ name: 'damaged', data: folder, chain })
    const backup = await first.client.ask('node', 'backup', { folder: join(root, 'backups') })
    await first.stop()
    // Read when a command is asked for, and not before.
    await damagePages(path, ['passing_command'])
    const second = await startNodeProcess({ name: 'damaged', data: folder, chain })
    // Whether it was asked before is looked up.
    await fulgurite(['invoices', 'create', '1sat', '--key', 'tea', '--data', folder])
    t.is(await second.ended, 'exit code 1')
    t.regex(readFileSync(join(folder, 'node.log'), 'utf8'), /is damaged: .*fulgurite backup.*"msg":"node\.fatal"/)
    for (let start = 0; start < 2; start++) {
      const refused = await fulgurite([...onChain(), '--data', folder])
      t.is(refused.code, 1)
      t.like(errorOf(refused), { code: 'store-damaged', path })
      t.regex(String(errorOf(refused).hint), /fulgurite backup/)
    }
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
    copyFileSync(backup.path, path)
    for (let start = 0; start < 2; start++) {
      const restored = await startNodeProcess({ name: 'damaged', data: folder, chain })
      t.is(restored.nodeId, first.nodeId)
      await restored.stop()
    }
  },
)

test.serial('a node that must not outlive its parent ends with the pipe to it', async (t) => {
  const child = spawn(process.execPath, [...NODE_FLAGS, LAUNCHER, ...onChain(), '--data', join(root, 'orphan')], {
    env: nodeEnvironment({ PATH: process.env.PATH, HOME: '/nonexistent', [ENDS_WITH_STDIN]: '1' }),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.stdin.destroy()
  t.is(await ended, 0)
})
