import type { Benchmark, Figure } from './benchmark.ts'
import { measurePayments } from './payments.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'

// Figures that grow with the number of channels. Opening thousands takes a minute, so the runs share one world.

const PAYING_CHANNELS = 2_000
const STARTING_CHANNELS = 3_000
const COUNTED = { counted: true }
const WATCHED = { counted: true, watched: true }

interface Nodes {
  readonly world: BenchWorld
  readonly payer: BenchNode
  readonly payee: BenchNode
}

/** Two nodes with so many channels between them, made when they are first asked for. */
class ManyChannels {
  #nodes: Nodes | undefined
  #opened = 0

  async with(channels: number): Promise<Nodes> {
    this.#nodes ??= await this.#start()
    const { world, payer, payee } = this.#nodes
    if (this.#opened < channels) await world.openMany(payer, payee, channels - this.#opened)
    this.#opened = Math.max(this.#opened, channels)
    return this.#nodes
  }

  async #start(): Promise<Nodes> {
    const world = new BenchWorld()
    const payer = await world.node('payer', COUNTED)
    const payee = await world.node('payee', COUNTED)
    // One coin is used up after the other, and every opening under way holds one.
    await world.faucet(payer, 500_000_000n, 16)
    return { world, payer, payee }
  }

  /** Stops and starts the payer again. */
  async restart(): Promise<BenchNode> {
    const { world, payer, payee } = this.#nodes as Nodes
    await world.stop(payer)
    const again = await world.node('payer', WATCHED)
    this.#nodes = { world, payer: again, payee }
    return again
  }

  readonly end = async (): Promise<void> => {
    await this.#nodes?.world.close()
    this.#nodes = undefined
    this.#opened = 0
  }
}

const paying = new ManyChannels()
const starting = new ManyChannels()
// As many as `payments.direct.c20` makes: the code of a node is compiled better the longer it runs.
const PAYMENTS = 3_000

/** The same as over one channel, when there are many to choose from. */
const payments: Benchmark = {
  figures: ['payments.direct.c20.channels2000'],
  run: async () => {
    const { payer, payee } = await paying.with(PAYING_CHANNELS)
    return measurePayments('payments.direct.c20.channels2000', { payer, payee }, 20, PAYMENTS)
  },
  end: paying.end,
}

/** What each of 3,000 channels adds to a start, until all of them are in use again, and how long others waited at once. */
const start: Benchmark = {
  figures: ['start.channels3000'],
  run: async () => {
    const { world } = await starting.with(STARTING_CHANNELS)
    const bare = await world.node('bare', WATCHED)
    const { cpu: bareCpu } = await bare.counts()
    const { longestDelay: bareStall } = await bare.watched()
    await world.stop(bare)
    const node = await starting.restart()
    const ready = await node.counts()
    const startStall = await node.watched()
    await node.watch()
    await node.until(async () => Number((await node.ask('node/getInfo')).channelsUsable) === STARTING_CHANNELS)
    const usable = await node.counts()
    const reconnectionStall = await node.watched()
    const each = (cpu: number): number => cpu / 1_000 / STARTING_CHANNELS
    const figures: readonly Figure[] = [
      { name: 'start.channels3000.cpu', value: each(ready.cpu - bareCpu), unit: 'ms/channel' },
      {
        name: 'start.channels3000.stall',
        value: Math.max(startStall.longestDelay, reconnectionStall.longestDelay),
        unit: 'ms',
      },
      { name: 'start.channels3000.stall.bare', value: bareStall, unit: 'ms' },
      { name: 'start.channels3000.stall.start', value: startStall.longestDelay, unit: 'ms' },
      { name: 'start.channels3000.stall.reconnection', value: reconnectionStall.longestDelay, unit: 'ms' },
      { name: 'start.channels3000.reconnection', value: each(usable.cpu - ready.cpu), unit: 'ms/channel' },
    ]
    return figures
  },
  end: starting.end,
}

export const manyChannelsBenchmarks: readonly Benchmark[] = [payments, start]
