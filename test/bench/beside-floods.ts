import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import { BenchWorld } from './support/bench-world.ts'
import type { FloodTarget } from './support/flooder.ts'
import type { NodeProcess } from './support/node-process.ts'

const FLOODER = fileURLToPath(new URL('support/flooder.ts', import.meta.url))

/** What `flooder.ts` can do, and an operator who installs what is far too large. */
const FLOODS = [
  'pings',
  'unknown-channels',
  'odd-messages',
  'tiny-odd-messages',
  'gossip',
  'handshakes',
  'half-open',
  'connections',
  'api-silent',
  'api-guesses',
  'installs',
] as const

const CONCURRENT = 20
/** One run's rate scatters by a tenth: each kind is measured so often, every run between two without it. */
const ROUNDS = 5
const PAYMENTS = 700
const WARM_UP = 2_000
const NAME = 'payments.beside-floods'

interface Run {
  readonly rate: number
  readonly delay: number
  readonly memory: number
}

/**
 * Settled payments a second remain, in percent of those before and after, while strangers flood the node that pays: the worst
 * of all kinds. The flooder is a process beside the nodes on the same cores, and the nicest there is: it stands for another
 * machine, and what the node and the system spend on the flood is what is measured. It is measured once the flood has
 * settled, since until then the flooder is at work to fill the system's buffers.
 */
const besideFloods = async (): Promise<readonly Figure[]> => {
  const world = new BenchWorld()
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-floods-'))
  try {
    const payer = await world.node('payer', { counted: true })
    const payee = await world.node('payee')
    await world.faucet(payer, 501_000_000n)
    await world.open(payer, payee, 500_000_000)
    const invoices = (await makeInvoices(payee, WARM_UP + (2 * FLOODS.length * ROUNDS + 1) * PAYMENTS)).values()
    const take = (count: number): readonly string[] => [...invoices.take(count)]
    await payAll(payer, take(WARM_UP), CONCURRENT)
    const run = async (): Promise<Run> => {
      await payer.watch()
      const startedAt = performance.now()
      await payAll(payer, take(PAYMENTS), CONCURRENT)
      const rate = (PAYMENTS * 1_000) / (performance.now() - startedAt)
      const { delay, memory } = await payer.watched()
      return { rate, delay, memory }
    }
    const figures: Figure[] = []
    const percents: number[] = []
    const quiet: Run[] = [await run()]
    const beside: Run[] = []
    for (const flood of FLOODS) {
      const ofKind: number[] = []
      const work: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const end = await (flood === 'installs' ? installing(payer, folder) : flooding(payer, flood))
        work.push(await idleWork(payer))
        beside.push(await run())
        await end()
        // What comes after a rest is slower than what goes on: both rest.
        await pause(REST_MS)
        quiet.push(await run())
        const [before, now, after] = [quiet.at(-2), beside.at(-1), quiet.at(-1)] as [Run, Run, Run]
        ofKind.push((200 * now.rate) / (before.rate + after.rate))
      }
      percents.push(median(ofKind))
      figures.push({ name: `${NAME}.${flood}`, value: median(ofKind), unit: '%' })
      figures.push({ name: `${NAME}.${flood}.cpu`, value: median(work), unit: 'ms/s' })
    }
    const calm = quiet.map(({ memory }) => memory)
    return [
      { name: NAME, value: Math.min(...percents), unit: '%' },
      ...figures,
      { name: `${NAME}.delay`, value: Math.max(...beside.map(({ delay }) => delay)), unit: 'ms' },
      { name: `${NAME}.delay.without`, value: Math.max(...quiet.map(({ delay }) => delay)), unit: 'ms' },
      {
        name: `${NAME}.memory`,
        value: (Math.max(...beside.map(({ memory }) => memory)) - Math.max(...calm)) / 2 ** 20,
        unit: 'MB more',
      },
    ]
  } finally {
    await world.close()
    rmSync(folder, { recursive: true })
  }
}

const REST_MS = 1_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Processor time that a node without payments takes while it is flooded: that tells of the node on a busy machine, too. */
const idleWork = async (node: NodeProcess): Promise<number> => {
  const startedAt = performance.now()
  const before = await node.counts()
  await pause(REST_MS)
  const after = await node.counts()
  return (after.cpu - before.cpu) / (performance.now() - startedAt)
}

/** Starts one kind of flood; returns how to end it. */
const flooding = async (node: NodeProcess, flood: string): Promise<() => Promise<void>> => {
  const child: ChildProcess = fork(FLOODER, { execArgv: ['--conditions=fulgurite-source'] })
  const at = node.address.lastIndexOf(':')
  const target: FloodTarget = {
    nodeId: node.id,
    host: node.address.slice(0, at),
    port: Number(node.address.slice(at + 1)),
    apiPort: Number(new URL(node.api).port),
  }
  child.send({ ...target, flood })
  await once(child, 'message')
  return async () => {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
  }
}

/** Less than a plugin's folder may hold, and far more than a plugin may import: it is refused where it would be read. */
const HUGE_BYTES = 250 << 20
const INSTALL_AGAIN_MS = 100

/** Installs a plugin that imports far too much, again and again. */
const installing = async (node: NodeProcess, folder: string): Promise<() => Promise<void>> => {
  const path = join(folder, 'huge')
  mkdirSync(path, { recursive: true })
  const manifest = {
    name: 'huge',
    version: '1.0.0',
    contract: '^0.1.0',
    entry: './index.ts',
    permissions: {},
    limits: {},
  }
  writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(manifest))
  writeFileSync(join(path, 'index.ts'), "import huge from './huge.txt' with { type: 'text' }\nconsole.log(huge)")
  writeFileSync(join(path, 'huge.txt'), '')
  truncateSync(join(path, 'huge.txt'), HUGE_BYTES)
  const connection = await node.connection()
  let ended = false
  const loop = async (): Promise<void> => {
    for (let i = 0; !ended; i++) {
      await connection.ask('plugins/install', { path }, `huge-${i}`).catch(() => {})
      await pause(INSTALL_AGAIN_MS)
    }
  }
  const done = loop()
  return async () => {
    ended = true
    await done
    connection.close()
  }
}

export const besideFloodsBenchmark: Benchmark = { figures: [NAME], run: besideFloods, times: 1 }
