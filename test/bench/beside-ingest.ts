import { copyFileSync, mkdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { graphProcess } from './graph.ts'
import { makeInvoices, payAll } from './payments.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import { fundingsIn } from './support/made-fundings.ts'

const NAME = 'payments.beside-ingest'
const CONCURRENT = 20
const WARM_UP = 1_000
/** The rate of one part varies by a tenth: each with the ingest has one without. */
const ROUNDS = 5
const PAYMENTS = 700

/**
 * Settled payments a second, in percent of those without, while the node that pays takes in a network of 20,000 nodes and 50,000 channels
 * from a peer that has a channel with it: a node of ours that was given the log of it. The fundings are on the chain, and are looked up there.
 * The peer stands for another machine: it is the nicest process there is, and is stopped for the parts without.
 */
const besideIngest = async (): Promise<readonly Figure[]> => {
  const world = new BenchWorld()
  try {
    const log = join(world.folderOf('made'), 'gossip.log')
    mkdirSync(world.folderOf('made'))
    await graphProcess('make-funded', log, String(world.nextHeight))
    world.fundBlocks(fundingsIn(log))
    const payer = await world.node('payer', { counted: true })
    const payee = await world.node('payee')
    const early = await world.node('feeder')
    await world.faucet(payer, 501_000_000n)
    await world.open(payer, payee, 500_000_000)
    await world.faucet(early, 2_000_000n)
    await world.open(early, payer, 1_000_000)
    await world.stop(early)
    copyFileSync(log, join(world.folderOf('feeder'), 'gossip.log'))
    const invoices = (await makeInvoices(payee, WARM_UP + 2 * ROUNDS * PAYMENTS)).values()
    const rate = async (payments: number): Promise<number> => {
      const startedAt = performance.now()
      await payAll(payer, [...invoices.take(payments)], CONCURRENT)
      return (payments * 1_000) / (performance.now() - startedAt)
    }
    await rate(WARM_UP)
    const feeder = await world.node('feeder')
    setPriority(feeder.pid, constants.priority.PRIORITY_LOW)
    await payer.until(async () => (await channelsOf(payer)) > 0)
    const percents: number[] = []
    const taken: number[] = []
    const delays: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      process.kill(feeder.pid, 'SIGSTOP')
      const without = await rate(PAYMENTS)
      process.kill(feeder.pid, 'SIGCONT')
      await payer.watch()
      const [before, startedAt] = [await channelsOf(payer), performance.now()]
      percents.push((100 * (await rate(PAYMENTS))) / without)
      taken.push((((await channelsOf(payer)) - before) * 1_000) / (performance.now() - startedAt))
      delays.push((await payer.watched()).delay)
    }
    if (median(taken) === 0) throw new Error('nothing was taken in meanwhile')
    return [
      { name: NAME, value: median(percents), unit: '%' },
      { name: `${NAME}.channels`, value: median(taken), unit: '/s' },
      { name: `${NAME}.delay`, value: Math.max(...delays), unit: 'ms' },
    ]
  } finally {
    await world.close()
  }
}

const channelsOf = async (node: BenchNode): Promise<number> => {
  const { graph } = (await node.ask('node/getInfo')) as { graph?: { channels: number } }
  return graph?.channels ?? 0
}

export const besideIngestBenchmark: Benchmark = { figures: [NAME], run: besideIngest, times: 1 }
