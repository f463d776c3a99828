import test from 'ava'
import { firstPlace, MAX_SOURCE_MAP_CHARS, originalPlaces } from './source-stack.ts'

const STACK = 'Error: no\n    at f (plugin.js:2:1)'
const map = (patch: object = {}): string =>
  JSON.stringify({ version: 3, sources: ['src/index.ts'], names: [], mappings: ';AASA', ...patch })

test('a stack — is shown with the places in the author’s own files', (t) => {
  t.is(originalPlaces(map())(STACK), 'Error: no\n    at f (src/index.ts:10:1)')
})

test('a stack — says nothing of what the plugin runs on', (t) => {
  const stack = `${STACK}\n    at xt.run (fulgurite:runtime:1:20)\n    at fulgurite:runtime:1:30\n    at g (plugin.js:2:1)`
  t.is(originalPlaces(map())(stack), 'Error: no\n    at f (src/index.ts:10:1)\n    at g (src/index.ts:10:1)')
  t.is(originalPlaces('')(stack), `${STACK}\n    at g (plugin.js:2:1)`)
})

test('a stack — its first place is in the author’s own code, where any is', (t) => {
  t.is(
    firstPlace('Error: at x:1:2\n    at f (node_modules/a/b.js:3:4)\n    at async g (src/index.ts:10:1)'),
    'src/index.ts:10',
  )
  t.is(firstPlace('Error: no\n    at node_modules/a/b.js:3:4'), 'node_modules/a/b.js:3')
  t.is(firstPlace('Error: no\n    at <anonymous>'), undefined)
  t.is(firstPlace('the heap grew past 32 MB'), undefined)
})

const damaged: readonly (readonly [string, string])[] = [
  ['no map', ''],
  ['no JSON', '{"version":3,'],
  ['no object', '[]'],
  ['null', 'null'],
  ['without mappings', map({ mappings: undefined })],
  ['mappings that are none', map({ mappings: 5 })],
  ['sources that are no texts', map({ sources: [{ toString: 1 }] })],
  ['sources that are no list', map({ sources: { length: { valueOf: 1 } } })],
  ['sources without end', map({ sources: { length: 1e308 } })],
  [
    'maps within maps',
    JSON.stringify({ version: 3, sections: [{ offset: { line: 0, column: 0 }, map: { version: 3 } }] }),
  ],
  ['nesting without end', '['.repeat(200_000)],
  ['too large', map({ mappings: 'A,'.repeat(MAX_SOURCE_MAP_CHARS) })],
]

for (const [title, text] of damaged) {
  test(`a source map — ${title}: the stack is shown as it is`, (t) => {
    t.is(originalPlaces(text)(STACK), STACK)
  })
}

for (const mappings of ['\u0000~~~~;;;AAAA=', `;${'g'.repeat(500)}A`, `;${'A'.repeat(10_000)}`, ';////,////']) {
  test(`a source map — mappings such as ${mappings.slice(0, 20)}: the stack names some place`, (t) => {
    t.regex(originalPlaces(map({ mappings }))(STACK), /^Error: no\n {4}at f \(.*\)$/)
  })
}
