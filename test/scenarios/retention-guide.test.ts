import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readKeptTimes } from '../../core/src/node/retention/kept-times.ts'
import { follow, stepsOf } from './support/guide.ts'
import { canRead, reader } from './support/reader.ts'

// The guide to what is kept, as an operator goes through it on a development network.

const canRun = canRead('cat')
const readers = canRun ? test : test.skip
if (!canRun) test('skipped: the guide is for a shell, and there is none here', (t) => t.pass())

const line = (id: string, kind: string, amountMsat: string, feesMsat: string): string =>
  JSON.stringify({ v: 1, class: kind, id, archivedAt: 1, record: { amountMsat, feesMsat } })

readers('every command of the guide to what is kept does what the guide says', async (t) => {
  const someone = await reader(t)
  // Nothing on a new network is old enough: these were, one of them twice.
  const archive = join(someone.home, '.fulgurite/devnet/archive')
  mkdirSync(archive)
  const [first, second] = [
    line('a', 'settled-payments', '1000000', '500'),
    line('b', 'settled-payments', '2000000', '1000'),
  ]
  writeFileSync(join(archive, '2026-01.jsonl'), `${first}\n${line('c', 'paid-invoices', '5', '5')}\n`)
  writeFileSync(join(archive, '2026-02.jsonl'), `${first}\n${second}\n`)
  const steps = stepsOf('docs/guides/retention.md')
  const starting = steps.filter(({ commands }) => commands.startsWith('npx fulgurite start'))
  t.is(starting.length, 1)
  // A node of its own on signet is for whoever has a bitcoind: what it is started with is read as it reads it.
  const given = [...(starting[0]?.commands ?? '').matchAll(/--keep (\S+)/g)].map(([, text = '']) => text)
  t.is(given.length, 3)
  t.true(readKeptTimes(given).ok)
  const printed = await follow(
    t,
    someone,
    steps.filter((step) => !starting.includes(step)),
  )
  t.regex(printed[0] ?? '', /settled-payments\tfor-ever\t/)
  t.is(await someone.stop(), 0)
})
