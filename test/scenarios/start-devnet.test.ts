import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { devnetClient } from '../../core/src/app/devnet/devnet-client.ts'
import { resetDevnet } from '../../core/src/app/devnet/reset-devnet.ts'
import { until } from '../../core/src/app/devnet/until.ts'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from '../support/launcher.ts'

// `npm start`, as a process: what a new user sees in the first two minutes.

const TIMEOUT_MS = 30_000

interface Started {
  readonly process: ChildProcess
  readonly ended: Promise<number | null>
  readonly places: {
    readonly nodeId: string
    readonly peers: readonly {
      readonly name: string
      readonly nodeId: string
      readonly data: string
      readonly pid: number
    }[]
  }
}

const startDevnet = async (data: string): Promise<Started> => {
  const child = spawn(
    process.execPath,
    [
      ...[...NODE_FLAGS, LAUNCHER, 'start', '--devnet', '--json', '--data', data],
      ...['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: nodeEnvironment({
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        FULGURITE_DEVNET_PAYMENT_SECONDS: '0.1',
      }),
    },
  )
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let out = ''
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
      if (out.includes('\n')) resolve(out)
    })
    void ended.then((code) => reject(new Error(`ended with ${code}: ${out}`)))
  })
  return { process: child, ended, places: JSON.parse(line) }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a development network starts, pays and relays, survives SIGKILL, leaves no process behind, and goes on without plugins', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'fulgurite-devnet-'))
  t.teardown(() => rmSync(data, { recursive: true, force: true, maxRetries: 5 }))
  // What is polled for below holds no process alive.
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(awake))
  const first = await startDevnet(data)
  t.teardown(() => first.process.kill('SIGKILL'))
  const client = devnetClient(data)
  const info = await client.ask('node', 'getInfo', {})
  t.is(info.nodeId, first.places.nodeId)
  t.is(info.chainBackend, 'devchain')
  t.is(info.channelsUsable, 3)
  t.deepEqual(
    first.places.peers.map(({ name }) => name),
    ['alice', 'bob', 'carol'],
  )
  t.is((await client.ask('plugins', 'list', {})).items[0]?.name, 'fee-manager')
  t.is(first.places.peers[0]?.nodeId, (await client.ask('peers', 'find', { peer: 'alice' })).nodeId)
  // Play money is there, and blocks are handled, when the answer comes.
  const { confirmedSat } = await client.ask('wallet', 'balance', {})
  const funded = await client.ask('dev', 'fund', { amountSat: 50_000_000n })
  t.is((await client.ask('wallet', 'balance', {})).confirmedSat, confirmedSat + 50_000_000n)
  const mined = await client.ask('dev', 'mine', { blocks: 3 })
  t.true(mined.blockHeight >= funded.blockHeight + 3)
  t.true((await client.ask('node', 'getInfo', {})).blockHeight >= mined.blockHeight)
  for (const request of [{ amountSat: 1n }, { amountSat: 5_000n, address: 'nonsenseaddress' }]) {
    t.false((await client.tryAsk('dev', 'fund', request)).ok)
  }
  t.is(await resetDevnet({ data, json: true }), 1)
  await until('payments go through us', TIMEOUT_MS, async () =>
    (await client.eventsAfter(undefined, 'payment.relayed')).payloads.length >= 3 ? true : undefined,
  )
  await until('the plugin reprices', TIMEOUT_MS, async () =>
    (await client.eventsAfter(undefined, 'channel.relay-fees-changed')).payloads.length > 0 ? true : undefined,
  )
  client.close()

  first.process.kill('SIGKILL')
  await first.ended
  await until('the peers have ended with us', TIMEOUT_MS, () =>
    first.places.peers.some(({ pid }) => isAlive(pid)) ? undefined : true,
  )

  // No plugin may run where it is not known which there are; the network runs all the same.
  writeFileSync(join(data, 'plugins', 'plugins.lock.json'), '{"damaged')
  const second = await startDevnet(data)
  t.teardown(() => second.process.kill('SIGKILL'))
  t.is(second.places.nodeId, first.places.nodeId)
  const again = devnetClient(data)
  const { items } = await again.ask('channels', 'list', {})
  t.is(items.length, 3, 'no channel was lost or opened again')
  t.true(items.every(({ state }) => state === 'usable'))
  const { warnings } = await again.ask('node', 'getInfo', {})
  t.true(warnings.some((warning) => warning.startsWith('lock-file-damaged')))
  again.close()
  second.process.kill('SIGINT')
  t.is(await second.ended, 0)
  t.false(second.places.peers.some(({ pid }) => isAlive(pid)))

  // What is not the network's stays.
  writeFileSync(join(data, 'letter.txt'), 'dear')
  t.is(await resetDevnet({ data, json: true }), 0)
  t.deepEqual(readdirSync(data), ['letter.txt'])
  t.is(await resetDevnet({ data, json: true }), 1)
})
