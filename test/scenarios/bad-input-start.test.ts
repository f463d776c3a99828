import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type ChainRig, devchainRig } from '../support/chain-rig.ts'
import { type NodeChain, NodeProcess, startArgs } from '../support/node-process.ts'
import { runToEnd } from '../support/run-to-end.ts'

// What a script can tell apart by the exit code.
const REFUSED = 1
const USAGE = 2
const UNREACHABLE = 3

const rigOf = async (t: ExecutionContext): Promise<ChainRig> => {
  const chain = await devchainRig()
  t.teardown(() => chain.stop())
  return chain
}

const folderOf = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-refused-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Asserts that the process ends by itself with this exit code and this error, said once and in words. */
const refused = async (
  t: ExecutionContext,
  args: readonly string[],
  exitCode: number,
  error: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<void> => {
  const { code, stdout, stderr } = await runToEnd(args, env)
  t.is(stderr, '')
  const said = (JSON.parse(stdout) as { error: Record<string, unknown> }).error
  const { message, hint, ...facts } = said
  t.deepEqual(facts, error)
  t.true(`${message}`.length > 0 && `${hint}`.length > 0)
  t.is(code, exitCode)
}

test('a second node on the same data folder — is refused, and the first one goes on', async (t) => {
  const chain = await rigOf(t)
  const first = await NodeProcess.start({ name: 'first', chain })
  t.teardown(() => first.dispose())
  const path = join(first.dataDir, 'node.sqlite')
  await refused(t, startArgs(first.dataDir, chain), REFUSED, { code: 'store-in-use', path, pid: first.pid })
  t.is((await first.ask('node', 'getInfo', {})).nodeId, first.id)
})

test('a bitcoind that is not there — is said with its address', async (t) => {
  const chain = await devchainRig()
  await chain.stop()
  const folder = folderOf(t)
  const cookiePath = join(folder, '.cookie')
  writeFileSync(cookiePath, '__cookie__:00', { mode: 0o600 })
  const { code, stdout } = await runToEnd(startArgs(folder, { ...chain, cookiePath }))
  const { error } = JSON.parse(stdout) as { error: { code: string; url: string; detail: string } }
  t.is(error.code, 'bitcoind-unreachable')
  t.is(error.url, chain.rpcUrl)
  t.regex(error.detail, /the connection was refused/)
  t.is(code, UNREACHABLE)
})

test('a bitcoind that does not take our password — is said', async (t) => {
  const chain = await rigOf(t)
  const folder = folderOf(t)
  const cookiePath = join(folder, '.cookie')
  writeFileSync(cookiePath, '__cookie__:00', { mode: 0o600 })
  const wrong: NodeChain = { ...chain, cookiePath }
  await refused(t, startArgs(folder, wrong), UNREACHABLE, { code: 'bitcoind-unauthorized', url: chain.rpcUrl })
})

test('a bitcoind on another network — is refused, and nothing is left half started', async (t) => {
  const chain = await rigOf(t)
  const folder = folderOf(t)
  const args = startArgs(folder, chain).map((arg) => (arg === 'regtest' ? 'signet' : arg))
  const error = { code: 'bitcoind-wrong-network', expected: 'signet', actual: 'regtest' }
  await refused(t, args, REFUSED, error)
  await refused(t, args, REFUSED, error)
})

test('a data folder of another network — is refused', async (t) => {
  const chain = await rigOf(t)
  const node = await NodeProcess.start({ name: 'regtest', chain })
  t.teardown(() => node.dispose())
  await node.stop()
  const args = startArgs(node.dataDir, chain).map((arg) => (arg === 'regtest' ? 'testnet' : arg))
  await refused(t, args, REFUSED, {
    code: 'data-of-another-network',
    path: node.dataDir,
    expected: 'testnet',
    actual: 'regtest',
  })
})

test('mainnet — is refused until its operator has said that the money is at risk, and nothing is left in the folder', async (t) => {
  const chain = await rigOf(t)
  const folder = folderOf(t)
  const data = join(folder, 'data')
  const args = startArgs(data, chain).map((arg) => (arg === 'regtest' ? 'mainnet' : arg))
  await refused(t, args, REFUSED, { code: 'mainnet-risk-not-accepted', path: data })
  t.false(existsSync(data))
  // Past the consent, the chain of this trial is another.
  const error = { code: 'bitcoind-wrong-network', expected: 'mainnet', actual: 'regtest' }
  await refused(t, [...args, '--mainnet-risk-accepted'], REFUSED, error)
})

test('addresses and URLs that are none — are refused with the option at fault', async (t) => {
  const chain = await rigOf(t)
  const folder = folderOf(t)
  const args = startArgs(folder, chain)
  await refused(t, [...args, '--listen', 'nowhere'], USAGE, {
    code: 'address-invalid',
    option: '--listen',
    address: 'nowhere',
  })
  await refused(t, [...args, '--bitcoind-url', 'ftp://x'], USAGE, { code: 'bitcoind-url-invalid', url: 'ftp://x' })
})

test('a port that is taken — is said for peers and for the API', async (t) => {
  const chain = await rigOf(t)
  const node = await NodeProcess.start({ name: 'holder', chain })
  t.teardown(() => node.dispose())
  const port = Number(node.listen.split(':')[1])
  const { code, stdout } = await runToEnd(startArgs(folderOf(t), chain, node.listen))
  const { error } = JSON.parse(stdout) as { error: { code: string; host: string; port: number } }
  t.like(error, { code: 'listen-failed', host: '127.0.0.1', port })
  t.is(code, REFUSED)
  const api = await runToEnd([...startArgs(folderOf(t), chain), '--api', node.listen])
  t.like(JSON.parse(api.stdout), { error: { code: 'cannot-listen', host: '127.0.0.1', port } })
  t.is(api.code, REFUSED)
})

test('a seed that others can read, or that is no seed — is refused', async (t) => {
  const chain = await rigOf(t)
  const node = await NodeProcess.start({ name: 'seeded', chain })
  t.teardown(() => node.dispose())
  await node.stop()
  const path = join(node.dataDir, 'seed')
  chmodSync(path, 0o644)
  await refused(t, startArgs(node.dataDir, chain), REFUSED, { code: 'seed-readable-by-others', path, mode: '644' })
  chmodSync(path, 0o600)
  writeFileSync(path, 'abandon abandon\n')
  await refused(t, startArgs(node.dataDir, chain), REFUSED, { code: 'seed-not-a-mnemonic', path })
})
