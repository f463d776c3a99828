import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Where schemas are evaluated, and where JSON from outside is read. */
const EVALUATES = 'plugin-sdk/src/contract/evaluate.ts'
const READS_JSON = 'core/src/lib/json.ts'

/** Who reads JSON that the node itself, or its own installation, has written. */
const OWN_JSON: Readonly<Record<string, string>> = {
  'core/src/app/devnet/live-view.ts': 'events of our log',
  'core/src/app/node-child.ts': 'the first line of a node that was started here',
  'core/src/cli/contract-commands.ts': 'events, as read by cli-client.ts',
  'core/src/cli/fields.ts': 'what the operator typed: a failure is said with the parser\u2019s words',
  'core/src/cli/render.ts': 'events, as read by cli-client.ts',
  'core/src/lib/own-package.ts': 'our package.json',
  'core/src/node/contract-mapping/event-pages.ts': 'events of our log',
  'core/src/node/contract-mapping/events-handlers.ts': 'events of our log',
  'core/src/node/contract-mapping/keyed-commands.ts': 'rows of our database',
  'core/src/node/storage/stored-command.ts': 'rows of our database',
  'core/src/node/contract-mapping/revive-reply.ts': 'rows of our database',
  'core/src/node/events/channel-books.ts': 'events of our log',
  'core/src/node/events/event-retention.ts': 'rows of our database',
  'core/src/node/retention/event-rows.ts': 'events of our log',
  'core/src/node/retention/retention.ts': 'rows of our database',
  'core/src/node/retention/fixtures/retention-rig.ts': 'the archive that a test has just written, and its events',
  'core/src/plugins/event-filters.ts': 'events of our log',
  'core/src/plugins/budgets.ts': 'rows of our database',
  'core/src/plugins/ledger-rows.ts': 'rows of our database',
  'core/src/plugins/left-behind.ts': 'rows of our database',
  'core/src/plugins/usage-counts.ts': 'rows of our database',
  'core/src/plugins/cell/main.ts': 'runs in the cell',
  'plugin-sdk/src/guest/runtime/store-values.ts': 'runs in the isolate',
  'plugin-sdk/src/client/http.ts': 'answers of a node, in a program beside it, with a reviver and a catch',
}

const sources = ['core/src', 'plugin-sdk/src'].flatMap((folder) =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`),
)

const using = (pattern: RegExp): readonly string[] =>
  sources.filter((file) => pattern.test(readFileSync(ROOT + file, 'utf8'))).toSorted()

test('schemas are evaluated at one place', (t) => {
  t.deepEqual(
    using(/(?<!program)\.(safeParse|parseAsync|safeParseAsync|spa)\(|\b(?!JSON\b)\w+\.parse\(|[)\]]\.parse\(/),
    [EVALUATES],
  )
})

test('JSON from outside is read at one place', (t) => {
  t.deepEqual(
    using(/\bJSON\.parse\b/).filter((file) => file !== READS_JSON && !Object.hasOwn(OWN_JSON, file)),
    [],
  )
})
