import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PLACES = ['core/bin', 'core/src', 'plugin-sdk/src']

/** What others have named. All else that the program takes from its environment has its own name before it. */
const COMMON = ['APPDATA', 'HOME', 'NO_COLOR', 'NODE_ENV', 'PATH']
const VARIABLE = /\benv(?:ironment)?(?:\.|\[')([A-Z][A-Z_]*)/g

const sources = (): readonly string[] =>
  PLACES.flatMap((place) =>
    readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.test.ts'))
      .map((name) => join(ROOT, place, name)),
  )

test('of its environment the program heeds what it has named itself, and a few common names', (t) => {
  const found = sources().flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(VARIABLE)].map(([, name = '']) => name),
  )
  t.true(found.includes('FULGURITE_DATA'))
  t.deepEqual(
    found.filter((name) => !name.startsWith('FULGURITE_') && !COMMON.includes(name)),
    [],
  )
})
