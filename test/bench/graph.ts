import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { channelAnnouncement, testNode } from '../../core/src/graph/fixtures/signed-gossip.ts'
import { checkPacked, packChecks } from '../../core/src/graph/packed-checks.ts'
import { checksOfChannel } from '../../core/src/graph/rules/signature-checks.ts'
import { type Benchmark, perSecond } from './benchmark.ts'

const PROCESS = fileURLToPath(new URL('support/graph-process.ts', import.meta.url))

let folder: string | undefined
let network: Promise<string> | undefined

/** Made once for all runs: signing it takes a minute. */
const madeNetwork = (): Promise<string> => {
  network ??= (async () => {
    folder = mkdtempSync(join(tmpdir(), 'fulgurite-bench-graph-'))
    const path = join(folder, 'gossip')
    await graphProcess('make', path)
    return path
  })()
  return network
}

/** Has `support/graph-process.ts` do something in a process of its own, and returns its figures. */
export const graphProcess = async (
  ...told: readonly [what: string, path: string, ...more: string[]]
): Promise<Readonly<Record<string, number>>> => {
  const flags = ['--conditions=fulgurite-source', '--disable-warning=ExperimentalWarning', '--expose-gc']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, PROCESS, ...told])
  return JSON.parse(stdout === '' ? '{}' : stdout)
}

/** A network of 20,000 nodes and 50,000 channels: taken in from a peer, and taken up from the file at a start. */
export const graphBenchmark: Benchmark = {
  figures: ['graph.verify', 'graph.ingest', 'graph.load', 'graph.memory'],
  run: async () => {
    const path = await madeNetwork()
    const { raw, message } = channelAnnouncement([testNode('a'), testNode('b')], 1n)
    const checks = packChecks(checksOfChannel(raw, message))
    const ingested = await graphProcess('ingest', path)
    rmSync(`${path}-ingested`)
    const loaded = await graphProcess('load', path)
    return [
      { name: 'graph.verify', value: perSecond(() => checkPacked(checks)) * 4, unit: '/s' },
      { name: 'graph.ingest', value: ingested.seconds ?? 0, unit: 's' },
      { name: 'graph.load', value: loaded.seconds ?? 0, unit: 's' },
      { name: 'graph.memory', value: (loaded.bytes ?? 0) / 1e6, unit: 'MB' },
    ]
  },
  end: async () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  },
}
