import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { NETWORKS, type NetworkName } from '../../bitcoin/network.ts'
import { seededRng } from '../../lib/rng.ts'
import { devnetConfig } from '../config.ts'
import { openDataFolder } from '../data-folder.ts'
import { resetDevnet } from './reset-devnet.ts'

/** The folder of a node on this network that ran, with a chain left in it. */
const usedOn = async (network: NetworkName): Promise<string> => {
  const data = mkdtempSync(join(tmpdir(), 'fulgurite-reset-'))
  const config = devnetConfig({ data, devnet: true, json: false }, {})
  if (!config.ok) throw new Error(config.error.code)
  const folder = await openDataFolder(
    { ...config.value, network: NETWORKS[network], mainnetRiskAccepted: true },
    seededRng(1),
  )
  if (!folder.ok) throw new Error(folder.error.code)
  await folder.value.close()
  mkdirSync(join(data, 'chain'))
  writeFileSync(join(data, 'chain', 'blocks'), '')
  return data
}

test('a development network is taken away', async (t) => {
  const data = await usedOn('regtest')
  t.teardown(() => rmSync(data, { recursive: true, force: true }))
  t.is(await resetDevnet({ data, json: true }), 0)
  t.false(existsSync(join(data, 'seed')))
})

test('the seed of a node on another network stays, whatever else lies in its folder', async (t) => {
  const data = await usedOn('mainnet')
  t.teardown(() => rmSync(data, { recursive: true, force: true }))
  t.is(await resetDevnet({ data, json: true }), 1)
  t.true(existsSync(join(data, 'seed')))
  t.true(existsSync(join(data, 'node.sqlite')))
})
