import { fileURLToPath } from 'node:url'
import anyTest, { type TestFn } from 'ava'
import { type TestHost, testHost } from '../../core/src/plugins/testing/test-host.ts'

// What the core is told by a cell is the word of whoever holds that cell.

const test = anyTest as TestFn<TestHost>
const HOUR = 3_600_000

test.before(async (t) => {
  t.context = await testHost({
    cellEntry: fileURLToPath(new URL('./support/forging-cell.ts', import.meta.url)),
    restart: { firstMs: HOUR, maxMs: HOUR, maxFaults: 5, windowMs: HOUR },
  })
})

test.after.always((t) => t.context.close())

const forge = (t: { readonly context: TestHost }, name: string, outbox: string): Promise<void> =>
  t.context.install({ name, code: `export default 'FORGED:${encodeURIComponent(outbox)}'` })

const FORGERIES = {
  'acknowledges what it was not sent': { acks: [['x', 5, []]] },
  'sets aside what it was not sent': { acks: [['x', 1, [], 'error']] },
  'says that a schedule ran that it did not register': { ran: [['x', 5, []]] },
  'names a member that there is not': { sender: 'operator' },
  'asks without the members of an ask': { asks: [[1, 'node']] },
  'writes what is no text': { writes: [[1, [['key', { a: 1 }]]]] },
}

Object.entries(FORGERIES).forEach(([what, outbox], index) => {
  test.serial(`a cell whose outbox ${what} is ended`, async (t) => {
    const name = `forger-${index}`
    await forge(t, name, JSON.stringify(outbox))
    const { text } = await t.context.line(name, /started again in/)
    t.regex(text, /^protocol-violation: /)
  })
})

test.serial('a cell whose outbox is no JSON is ended', async (t) => {
  await forge(t, 'no-json', 'undefined')
  const { text } = await t.context.line('no-json', /started again in/)
  t.regex(text, /^protocol-violation: /)
})

test.serial('a verdict for a question that was not asked is passed over', async (t) => {
  await forge(t, 'answers', JSON.stringify({ verdicts: [[7, 1, { type: 'accept' }]], logs: [['info', 'sent']] }))
  await t.context.line('answers', /^sent$/)
  t.is(t.context.host.list().find(({ name }) => name === 'answers')?.state, 'running')
})
