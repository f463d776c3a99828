import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const SOURCES = fileURLToPath(new URL('../../', import.meta.url))

/** Here they are ranged over; the codec writes them down; an opening makes the first. */
const AT_HOME = /^channel\/(commitments|persistence)\//

// A property that is read, or taken out of an object: `durable.active`, `const { active } = durable`, `({ active }: Funded)`.
const READS =
  /\.(active|inactive)\b(?!\.(ok|value|error))|\{[^{}\n]*\b(active|inactive)\b[^{}\n]*\}(: [A-Z]| = durable)/

const files = ['channel', 'node', 'payment'].flatMap((room) =>
  readdirSync(SOURCES + room, { recursive: true, encoding: 'utf8' }).map((file) => `${room}/${file}`),
)
const product = files
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/\/fixtures\//.test(file))
  .map((file) => ({ file, text: readFileSync(SOURCES + file, 'utf8') }))

const filesThat = (pattern: RegExp): readonly string[] =>
  product.filter(({ text }) => pattern.test(text)).map(({ file }) => file)

test('the lists of commitments — are ranged over by commitments/ alone, whatever another file wants to know of them', (t) => {
  t.true(product.length > 100)
  const readers = filesThat(READS).filter((file) => !AT_HOME.test(file))
  t.deepEqual(readers, [])
})

test('the lists of commitments — a look into them is noticed in the forms that one writes', (t) => {
  for (const line of [
    'const txid = durable.active[0]?.local.txid',
    'for (const commitment of durable.active) use(commitment)',
    'const [commitment] = channel.inactive',
    'const { active, params } = durable',
    'const first = ({ active }: Funded) => active[0]',
  ]) {
    t.regex(line, READS)
  }
})

// `'params' in durable`: what a state has follows from its phase, by `isOpening`, `isFunded`, `isStored` or `idsOf`.
const PROBES = /'\w+' in (durable|state|channel|opening|before|after)\b/

test('a channel — is asked for its phase, and not probed for a field', (t) => {
  t.regex("const id = 'params' in durable ? durable.params.channelId : undefined", PROBES)
  t.deepEqual(filesThat(PROBES), [])
})

// What each side has in a commitment; HTLCs under way, fees and reserves are not taken out of it.
const SIDES = /\bto(Local|Remote)Msat\b/

test('balances — are reckoned in channel/ alone: no other room looks at what a commitment holds of each side', (t) => {
  t.deepEqual(
    filesThat(SIDES).filter((file) => !file.startsWith('channel/')),
    [],
  )
})
