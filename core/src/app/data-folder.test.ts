import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { NETWORKS } from '../bitcoin/network.ts'
import { sha256 } from '../crypto/hashes.ts'
import { u32be } from '../lib/bytes.ts'
import { systemClock } from '../lib/clock.ts'
import { seededRng } from '../lib/rng.ts'
import { createBackup } from '../node/backup/create-backup.ts'
import { readKeyIndexFloor } from '../node/channel/key-indexes.ts'
import { isRestored } from '../node/storage/restored-mark.ts'
import { TABLE } from '../node/storage/tables.ts'
import { devnetConfig, type NodeConfig } from './config.ts'
import { openDataFolder } from './data-folder.ts'

const configOf = (data: string): NodeConfig => {
  const config = devnetConfig({ data, devnet: true, json: false }, {})
  if (!config.ok) throw new Error(config.error.code)
  return config.value
}

/** The folder of a node that ran. */
const used = async (seed = 1): Promise<string> => {
  const data = mkdtempSync(join(tmpdir(), 'fulgurite-data-'))
  const folder = await openDataFolder(configOf(data), seededRng(seed))
  if (!folder.ok) throw new Error(folder.error.code)
  await folder.value.close()
  return data
}

/** The outcome of opening it: `open`, or the code of the failure. */
const opened = async (data: string, moved = false): Promise<string> => {
  const folder = await openDataFolder({ ...configOf(data), moved }, seededRng(9))
  if (!folder.ok) return folder.error.code
  await folder.value.close()
  return 'open'
}

test('a folder opens again, and its files are for the eyes of their owner', async (t) => {
  const data = await used()
  t.is(await opened(data), 'open')
  for (const name of readdirSync(data)) t.is(statSync(join(data, name)).mode & 0o077, 0, name)
})

test('a seed that is gone is not replaced by a new one: the database beside it is of the old one', async (t) => {
  const data = await used()
  renameSync(join(data, 'seed'), join(data, 'elsewhere'))
  t.is(await opened(data), 'seed-missing')
  t.deepEqual(
    readdirSync(data).filter((name) => name.startsWith('seed')),
    [],
  )
  renameSync(join(data, 'elsewhere'), join(data, 'seed'))
  t.is(await opened(data), 'open')
})

test('the seed of another node is refused', async (t) => {
  const data = await used(1)
  cpSync(join(await used(2), 'seed'), join(data, 'seed'))
  t.is(await opened(data), 'seed-of-another-node')
})

test('a seed whose writing was cut short is drawn anew, since nobody has used it', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'fulgurite-data-'))
  writeFileSync(join(data, 'seed.new'), 'abandon aban', { mode: 0o644 })
  t.is(await opened(data), 'open')
  t.is(statSync(join(data, 'seed')).mode & 0o777, 0o600)
  t.false(readdirSync(data).includes('seed.new'))
})

const pipes = process.platform === 'win32' ? test.skip : test
if (process.platform === 'win32') test('skipped: there are no named pipes in folders here', (t) => t.pass())

for (const [name, code] of [
  ['seed', 'seed-unreadable'],
  ['node.log', 'file-unusable'],
  ['node.sqlite', 'file-unusable'],
] as const) {
  test(`a folder in the place of ${name} is a failure with a name`, async (t) => {
    const data = await used()
    rmSync(join(data, name))
    mkdirSync(join(data, name), { mode: 0o700 })
    t.is(await opened(data), code)
  })

  pipes(`a pipe in the place of ${name} is a failure with a name, and nobody waits for it`, async (t) => {
    const data = await used()
    rmSync(join(data, name))
    t.is(spawnSync('mkfifo', ['-m', '600', join(data, name)]).status, 0)
    t.is(await opened(data), code)
  })
}

test('the network of a folder is kept', async (t) => {
  const data = await used()
  const other = await openDataFolder({ ...configOf(data), network: NETWORKS.signet }, seededRng(9))
  t.is(other.ok || other.error.code, 'data-of-another-network')
})

const modes = process.platform === 'win32' ? test.skip : test
if (process.platform === 'win32') test('skipped: folders have no modes here', (t) => t.pass())

modes('a folder that was there, empty or a node’s, keeps no looser mode than ours', async (t) => {
  const empty = mkdtempSync(join(tmpdir(), 'fulgurite-data-'))
  for (const data of [empty, await used()]) {
    chmodSync(data, 0o755)
    t.is(await opened(data), 'open')
    t.is(statSync(data).mode & 0o777, 0o700)
  }
})

modes('a folder with other things in it that others may look into is refused, and stays as it is', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'fulgurite-data-'))
  writeFileSync(join(data, 'letter.txt'), 'dear')
  chmodSync(data, 0o750)
  t.is(await opened(data), 'data-folder-shared')
  t.deepEqual(readdirSync(data), ['letter.txt'])
  t.is(statSync(data).mode & 0o777, 0o750)
})

test('a first start that is abandoned leaves no mark, and what was there before stays', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'fulgurite-data-'))
  writeFileSync(join(parent, 'letter.txt'), 'dear')
  for (const data of [join(parent, 'new', 'inner'), parent]) {
    const folder = await openDataFolder(configOf(data), seededRng(9))
    if (!folder.ok) throw new Error(folder.error.code)
    t.true(readdirSync(data).includes('seed'))
    await folder.value.abandon()
    t.deepEqual(readdirSync(parent), ['letter.txt'])
  }
})

test('a later start that is abandoned takes nothing of the node', async (t) => {
  const data = await used()
  const before = readdirSync(data)
  const folder = await openDataFolder(configOf(data), seededRng(9))
  if (!folder.ok) throw new Error(folder.error.code)
  await folder.value.abandon()
  t.deepEqual(readdirSync(data), before)
  t.is(await opened(data), 'open')
})

test('a folder that was copied is refused until it is said that its node has moved there; where it was moved as a whole, it opens', async (t) => {
  const data = await used()
  // There are file systems that do not know it.
  if (statSync(join(data, 'node.sqlite'), { bigint: true }).birthtimeNs === 0n) {
    t.pass()
    return
  }
  const copy = `${data}-copy`
  cpSync(data, copy, { recursive: true })
  t.is(await opened(copy), 'data-folder-copied')
  t.is(await opened(copy), 'data-folder-copied')
  t.is(await opened(data), 'open')
  t.is(await opened(copy, true), 'open')
  t.is(await opened(copy), 'open')
  // The number of a file that is removed goes to the next one.
  const kept = readFileSync(join(data, 'node.sqlite'))
  rmSync(join(data, 'node.sqlite'))
  writeFileSync(join(data, 'node.sqlite'), kept)
  t.is(await opened(data), 'data-folder-copied')
  t.is(await opened(data, true), 'open')
  // Its old place is one that it was copied from.
  renameSync(data, `${data}-elsewhere`)
  t.is(await opened(`${data}-elsewhere`), 'open')
  rmSync(copy, { recursive: true })
  cpSync(`${data}-elsewhere`, copy, { recursive: true, preserveTimestamps: true })
  t.is(await opened(copy), 'data-folder-copied')
})

test('a backup in the place of the database opens without a word of the operator, and --restored says the same of any other copy', async (t) => {
  const data = await used()
  const path = join(data, 'node.sqlite')
  const folder = await openDataFolder(configOf(data), seededRng(9))
  if (!folder.ok) return t.fail(folder.error.code)
  const { store, log } = folder.value
  t.false(await isRestored(store))
  const made = await createBackup({ store, clock: systemClock, log, name: 'test' }, join(data, 'backups'))
  if (!made.ok) return t.fail(made.error.reason)
  await folder.value.close()

  t.deepEqual([...readFileSync(made.value.path).subarray(18, 20)], [1, 1])
  t.deepEqual([...readFileSync(path).subarray(18, 20)], [2, 2])
  rmSync(path)
  cpSync(made.value.path, path)
  // The log of the database that was there before would be applied to the pages of the backup.
  writeFileSync(`${path}-wal`, new Uint8Array(4_096))
  t.is(await opened(data), 'store-log-foreign')
  rmSync(`${path}-wal`)
  t.true(await marked(data, {}))
  // A start that ends before its node has taken the mark away leaves it.
  t.true(await marked(data, {}))

  const [other, copy] = [await used(2), mkdtempSync(join(tmpdir(), 'fulgurite-data-'))]
  cpSync(other, copy, { recursive: true, preserveTimestamps: true })
  t.is(await opened(copy), 'data-folder-copied')
  t.true(await marked(copy, { restored: true }))
  // An operator who puts an old file over the one in its place is believed as well.
  t.true(await marked(other, { restored: true }))
})

/** Whether the database says, after an opening, that it was put back. */
const marked = async (data: string, said: Partial<NodeConfig>): Promise<boolean> => {
  const folder = await openDataFolder({ ...configOf(data), moved: false, ...said }, seededRng(9))
  if (!folder.ok) throw new Error(folder.error.code)
  await folder.value.store.flush()
  const is = await isRestored(folder.value.store)
  await folder.value.close()
  return is
}

test('a copy that was made while its node ran, and mixes two states, is refused though it is said that the node has moved', async (t) => {
  const data = await used()
  const folder = await openDataFolder(configOf(data), seededRng(1))
  if (!folder.ok) return t.fail()
  for (let n = 0; n < 200; n++) {
    folder.value.store.submit([{ table: TABLE.payment, key: sha256(u32be(n)), value: new Uint8Array(1_000).fill(n) }])
  }
  await folder.value.close()
  const copy = `${data}-copy`
  cpSync(data, copy, { recursive: true })
  // Pages of a later state, as a copy has that a checkpoint overtakes: rows of before are in their index alone.
  const bytes = readFileSync(join(copy, 'node.sqlite'))
  const at = bytes.length - 8 * 2_048
  writeFileSync(join(copy, 'node.sqlite'), Buffer.concat([bytes.subarray(0, at), Buffer.alloc(8 * 2_048)]))
  t.is(await opened(copy, true), 'store-damaged')
  // In the place of the old file, where it does not look like a copy.
  writeFileSync(join(data, 'node.sqlite'), readFileSync(join(copy, 'node.sqlite')))
  const restored = await openDataFolder({ ...configOf(data), restored: true }, seededRng(9))
  t.is(restored.ok ? 'open' : restored.error.code, 'store-damaged')
  writeFileSync(join(data, 'node.sqlite'), bytes)
  t.is(await opened(data), 'open')
})

test('a folder is opened for mainnet once the operator has accepted the risk, and from then on without another word', async (t) => {
  const data = join(mkdtempSync(join(tmpdir(), 'fulgurite-data-')), 'node')
  const openedWith = async (said: Partial<NodeConfig>, path = data): Promise<string> => {
    const folder = await openDataFolder({ ...configOf(path), network: NETWORKS.mainnet, ...said }, seededRng(9))
    if (!folder.ok) return folder.error.code
    await folder.value.close()
    return 'open'
  }
  t.is(await openedWith({}), 'mainnet-risk-not-accepted')
  t.false(existsSync(data))
  t.is(await openedWith({ mainnetRiskAccepted: true }), 'open')
  t.is(await openedWith({}), 'open')
  // What was accepted for one network says nothing of another, and for one folder nothing of another.
  t.is(await openedWith({}, `${data}-other`), 'mainnet-risk-not-accepted')
  const regtest = await used()
  t.is(await openedWith({ mainnetRiskAccepted: true }, regtest), 'data-of-another-network')
  t.is(await opened(regtest), 'open')
})

test('the first channels of a new folder under words that were used before get keys that none had; those of a node that draws its words are counted from the first', async (t) => {
  const floorOf = async (data: string, random: number): Promise<number> => {
    const folder = await openDataFolder(configOf(data), seededRng(random))
    if (!folder.ok) throw new Error(folder.error.code)
    await folder.value.store.flush()
    const floor = await readKeyIndexFloor(folder.value.store)
    await folder.value.close()
    return floor
  }
  const data = await used()
  t.is(await floorOf(data, 1), 0)
  const floors = await Promise.all(
    [2, 3].map((random) => {
      const again = mkdtempSync(join(tmpdir(), 'fulgurite-data-'))
      cpSync(join(data, 'seed'), join(again, 'seed'))
      return floorOf(again, random)
    }),
  )
  t.true(floors.every((floor) => floor >= 1_000_000 && floor < 2 ** 31 - 2_000_000))
  t.not(floors[0], floors[1])
})
