import test from 'ava'
import { follow, stepsOf } from './support/guide.ts'
import { canRead, reader } from './support/reader.ts'

// The guide as a reader goes through it: its commands in one shell, in their order, on a development network.

const canRun = canRead('curl')
const readers = canRun ? test : test.skip
if (!canRun) test('skipped: the guide is for a shell with curl, and there is none here', (t) => t.pass())

readers('every command of the HTTP guide does what the guide says', async (t) => {
  const someone = await reader(t)
  const steps = stepsOf('docs/guides/http.md')
  t.true(steps.length >= 10)
  const printed = await follow(t, someone, steps)
  for (const [i, { commands, prints }] of steps.entries()) if (prints === undefined) t.is(printed[i], '', commands)
  t.is(await someone.stop(), 0)
})
