import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { devchainBackend } from '../../core/src/chain/devchain/devchain-backend.ts'
import { encodeChannel } from '../../core/src/channel/persistence/channel-codec.ts'
import type { Funded } from '../../core/src/channel/state/durable.ts'
import { TwoParties } from '../../core/src/channel/transitions/fixtures/two-parties.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { utf8Encode } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { seededRng } from '../../core/src/lib/rng.ts'
import { startNode } from '../../core/src/node/node.ts'
import { silentLog } from '../../core/src/node/node-log.ts'
import { MIGRATIONS, SOUGHT, TABLE } from '../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import type { Benchmark, Figure } from './benchmark.ts'

// What channels cost that are only kept: their rows, a start with many of them, and what each holds in memory at rest.

const CHANNELS = 10_000
const ROWS_A_COMMIT = 500

/** The same channel over and over, each with names and a funding of its own. */
const numbered = (one: Funded, n: number): Funded => {
  const channelId = sha256(utf8Encode(`channel ${n}`))
  const fundingOutpoint = { txid: sha256(utf8Encode(`funding ${n}`)), index: 0 }
  const alias = BigInt(n + 1) << 40n
  return {
    ...one,
    params: { ...one.params, channelId, keyIndex: n + 1 },
    shortIds: { real: alias + 1n, localAliases: [alias + 2n] },
    active: one.active.map((commitment) => ({
      ...commitment,
      localParams: { ...commitment.localParams, fundingOutpoint },
      remoteParams: { ...commitment.remoteParams, fundingOutpoint },
    })),
  }
}

const fatal = (error: unknown): never => {
  throw error
}

const openStore = (path: string) => openSqliteStore({ path, migrations: MIGRATIONS, sought: SOUGHT, onFatal: fatal })

const writeChannels = async (path: string): Promise<void> => {
  const store = await openStore(path)
  const { funded } = new TwoParties().ready({ pushMsat: 300_000_000n }).alice
  for (let from = 0; from < CHANNELS; from += ROWS_A_COMMIT) {
    const rows = Array.from({ length: ROWS_A_COMMIT }, (_, at) => numbered(funded, from + at))
    store.submit(
      rows.map((durable) => ({
        table: TABLE.channel,
        key: durable.params.channelId,
        value: encodeChannel(undefined, durable).channelRow,
      })),
    )
    await store.flush()
  }
  await store.close()
}

/** What is reachable now, in the heap and beside it. */
const held = (): number => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const restore: Benchmark = {
  figures: ['channels.restore.10k', 'channels.memory'],
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-bench-'))
    try {
      const path = join(folder, 'node.sqlite')
      await writeChannels(path)
      const chain = Devchain.open({ clock: systemClock })
      const before = held()
      const startedAt = performance.now()
      const store = await openStore(path)
      const started = await startNode({
        network: NETWORKS.regtest,
        seed: new Uint8Array(64).fill(1),
        store,
        backend: devchainBackend(chain),
        backendName: 'devchain',
        clock: systemClock,
        rng: seededRng(1),
        log: silentLog,
        version: 'bench',
        onFatal: fatal,
        onStopAsked() {},
      })
      if (!started.ok) throw new Error(started.error.code)
      const seconds = (performance.now() - startedAt) / 1_000
      const each = (held() - before) / CHANNELS
      await started.value.stop()
      await store.close()
      chain.close()
      return [
        { name: 'channels.restore.10k', value: seconds, unit: 's' },
        { name: 'channels.memory', value: each / 1_000, unit: 'kB' },
      ]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

/** The row that a commitment with so many HTLCs writes, whichever side is asked. */
const rowBytes = (htlcs: number): Figure => {
  const settings = { maxAcceptedHtlcs: 483, maxDustHtlcExposureMsat: 1_000_000_000n }
  const two = new TwoParties({ alice: settings, bob: settings }).ready({ funding: 100_000_000n })
  for (let n = 0; n < htlcs; n++) two.add(two.alice, n, 1_000_000n)
  two.settle()
  const lengths = [two.alice, two.bob].map((party) => encodeChannel(undefined, party.stored).channelRow.length)
  return { name: `channels.write.bytes.${htlcs}`, value: Math.max(...lengths), unit: 'bytes' }
}

const write: Benchmark = {
  figures: ['channels.write.bytes.1', 'channels.write.bytes.400'],
  times: 1,
  run: async () => [rowBytes(1), rowBytes(400)],
}

export const storedChannelsBenchmarks: readonly Benchmark[] = [restore, write]
