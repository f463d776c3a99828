import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RETENTION_CLASSES, RetentionClassName } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { utf8Decode } from '../../core/src/lib/bytes.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { keys } from '../../core/src/plugins/host-store.ts'
import { ledgerRows } from '../../core/src/plugins/ledger-rows.ts'
import { World } from './support/world.ts'

// Whatever is stored grows with something, and something bounds it: a row of a new kind has to say what.

interface Kind {
  readonly table: string
  /** What its keys begin with, where a table has several kinds. */
  readonly prefix: string | undefined
  readonly boundedBy: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = readFileSync(`${ROOT}docs/reference/stored-rows.md`, 'utf8')

const KINDS: readonly Kind[] = PAGE.split('\n').flatMap((line) => {
  const [, name = '', , , boundedBy = ''] = line.split('|').map((cell) => cell.trim())
  const [, table, prefix] = /^`([a-z_]+)`(?: `(.+)`)?$/.exec(name) ?? []
  return table === undefined ? [] : [{ table, prefix, boundedBy }]
})

const prefixesOf = (table: string): readonly string[] =>
  KINDS.filter((kind) => kind.table === table).flatMap(({ prefix }) => prefix ?? [])

test('every table stands in the list, once or by the kinds of its rows, and says what bounds it', (t) => {
  t.deepEqual([...new Set(KINDS.map(({ table }) => table))].toSorted(), Object.values(TABLE).toSorted())
  const names = KINDS.map(({ table, prefix }) => `${table} ${prefix}`)
  t.deepEqual(names, [...new Set(names)])
  for (const { table, boundedBy } of KINDS) t.not(boundedBy, '', table)
})

test('every class of retention bounds something, and nothing is bounded by a class that there is not', (t) => {
  const named = KINDS.flatMap(({ boundedBy }) => [...boundedBy.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name ?? ''))
  t.deepEqual([...new Set(named)].toSorted(), [...RetentionClassName.options].toSorted())
  t.true(RETENTION_CLASSES.every((kind) => named.includes(kind)))
})

test('every kind of row that the plugin host and the node keep beside each other in one table stands in the list', (t) => {
  const ofPlugins = [...Object.values(keys).map((key) => key('name', 'x')), ledgerRows.prefix]
  t.deepEqual(
    ofPlugins.map((key) => key.slice(0, key.indexOf('/') + 1)).toSorted(),
    prefixesOf(TABLE.plugin).toSorted(),
  )
  const files = ['core/src/node', 'core/src/app'].flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' }).map((file) => `${ROOT}${folder}/${file}`),
  )
  const single = files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .filter((text) => text.includes('TABLE.meta'))
    .flatMap((text) => [
      ...text.matchAll(/^const \w+ = utf8Encode\('([a-z/-]+)'\)$|^export const \w+ = utf8Encode\('([a-z/-]+)'\)$/gm),
    ])
    .map(([, own, exported]) => own ?? exported ?? '')
  t.deepEqual(single.toSorted(), prefixesOf(TABLE.meta).toSorted())
})

test('what a node at work has stored is all of kinds that stand in the list', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(5_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 2_000_000n)
  for (let i = 0; i < 300; i += 1) await bob.invoice(1_000n)
  await alice.pay(await bob.invoice(1_000_000n))
  for (const { store } of [alice, bob]) {
    for (const table of [TABLE.meta, TABLE.wallet]) {
      for (const { key } of await store.sizes(table)) {
        // The rest of a key may be of any bytes.
        const known = prefixesOf(table).filter((prefix) => utf8Decode(key.subarray(0, prefix.length)) === prefix)
        t.not(known.length, 0, `${table} ${key.toString()}`)
      }
    }
  }
})
