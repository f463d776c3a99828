import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import type { FloodOrder } from './support/flooder.ts'

const FLOODER = fileURLToPath(new URL('support/flooder.ts', import.meta.url))

/** What `flooder.ts` can do, and an operator who installs something far too large. */
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
/** The rate of one run varies by a tenth: each kind is measured this often, each time with a run without it. */
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
 * Settled payments a second remain, in percent of those without, while strangers flood the node that pays: the worst of all
 * kinds. A flooder stands for another machine and here shares two cores with both nodes, so it is the nicest process there is, and
 * without means: beside a process that takes as much of a processor as the flooder did and leaves the node alone. A flood is
 * measured once it has settled, since until then the flooder is at work to fill the system's buffers.
 */
const besideFloods = async (): Promise<readonly Figure[]> => {
  const world = new BenchWorld()
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-floods-'))
  try {
    const payer = await world.node('payer', { counted: true })
    const payee = await world.node('payee')
    await world.faucet(payer, 501_000_000n)
    await world.open(payer, payee, 500_000_000)
    const invoices = (await makeInvoices(payee, WARM_UP + 2 * FLOODS.length * ROUNDS * PAYMENTS)).values()
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
    const quiet: Run[] = []
    const beside: Run[] = []
    for (const flood of FLOODS) {
      const ofKind: number[] = []
      const work: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const strangers = await (flood === 'installs' ? installing(payer, folder) : flooding(payer, { flood }))
        work.push(await idleWork(payer))
        await strangers.load()
        const now = await run()
        const load = await strangers.load()
        await strangers.end()
        const sham = await flooding(payer, { flood: 'sham', load })
        await pause(REST_MS)
        const without = await run()
        await sham.end()
        beside.push(now)
        quiet.push(without)
        ofKind.push((100 * now.rate) / without.rate)
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

/** Processor time that a node without payments takes while it is flooded: this also shows how a node on a busy machine would do. */
const idleWork = async (node: BenchNode): Promise<number> => {
  const startedAt = performance.now()
  const before = await node.counts()
  await pause(REST_MS)
  const after = await node.counts()
  return (after.cpu - before.cpu) / (performance.now() - startedAt)
}

interface Strangers {
  /** The share of a processor that they took since they were last asked. */
  load(): Promise<number>
  end(): Promise<void>
}

/** Starts one kind of flood, and waits until it has settled. */
const flooding = async (node: BenchNode, order: Pick<FloodOrder, 'flood' | 'load'>): Promise<Strangers> => {
  const child: ChildProcess = fork(FLOODER, { execArgv: ['--conditions=fulgurite-source'] })
  const at = node.address.lastIndexOf(':')
  const whole: FloodOrder = {
    nodeId: node.id,
    host: node.address.slice(0, at),
    port: Number(node.address.slice(at + 1)),
    apiPort: Number(new URL(node.api).port),
    ...order,
  }
  const answer = async (message: FloodOrder | 'load'): Promise<unknown> => {
    const answered = once(child, 'message')
    child.send(message)
    return (await answered)[0]
  }
  await answer(whole)
  return {
    load: async () => (await answer('load')) as number,
    async end() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** Less than a plugin's folder may hold, and far more than a plugin may import: it is refused when it would be read. */
const HUGE_BYTES = 250 << 20
const INSTALL_AGAIN_MS = 100

/** Installs a plugin that imports far too much, again and again. */
const installing = async (node: BenchNode, folder: string): Promise<Strangers> => {
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
  return {
    // It is asked for by this process, which only waits.
    load: async () => 0,
    async end() {
      ended = true
      await done
      connection.close()
    },
  }
}

export const besideFloodsBenchmark: Benchmark = { figures: [NAME], run: besideFloods, times: 1 }
