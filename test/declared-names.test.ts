import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { allOperations, COMMON_ERRORS, contract } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Scenarios on whole nodes; what is fed by a fuzzer or measured, or not run each time, is no look at what a node says. */
const SCENARIOS = /^test\/(scenarios|integration|security|crash)\//
const EACH_TIME = /^(core|test\/(scenarios|integration|security|crash))\//
const tests = ['core/src', 'test'].flatMap((folder) =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file}`)
    .filter((file) => file !== 'test/declared-names.test.ts')
    .filter((file) => file.endsWith('.test.ts') || (file.endsWith('.ts') && SCENARIOS.test(file)))
    .map((file) => ({ file, text: readFileSync(ROOT + file, 'utf8') })),
)

const seenIn = (name: string, among: RegExp): readonly string[] =>
  tests.filter(({ file, text }) => among.test(file) && text.includes(`'${name}'`)).map(({ file }) => file)

/** What no scenario sees, and which test of a room does. */
const SEEN_IN_A_ROOM: Readonly<Record<string, string>> = {
  'peer.repeated': 'core/src/node/events/peer-events.test.ts',
  'node.archive-failed': 'core/src/node/retention/retention.test.ts',
}

for (const name of Object.keys(contract.events)) {
  test(`the event ${name} — is seen by a test`, (t) => {
    const room = SEEN_IN_A_ROOM[name]
    const seen = seenIn(name, SCENARIOS)
    t.true(seen.length > 0 || (room !== undefined && readFileSync(ROOT + room, 'utf8').includes(name)))
    // Who has come to be seen by a scenario is taken off the list.
    t.is(room !== undefined && seen.length > 0, false)
  })
}

const codes = new Set([...allOperations().flatMap(({ operation }) => operation.errors), ...Object.keys(COMMON_ERRORS)])

for (const code of codes) {
  test(`the error ${code} — is brought about by a test`, (t) => {
    t.true(seenIn(code, EACH_TIME).length > 0)
  })
}

test('what is listed as an exception is declared', (t) => {
  for (const name of Object.keys(SEEN_IN_A_ROOM)) t.true(Object.hasOwn(contract.events, name), name)
})
