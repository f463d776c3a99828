import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { devchainRig } from '../support/chain-rig.ts'
import { Network, untilQuiet, untilUsable } from '../support/network.ts'
import { NodeProcess } from '../support/node-process.ts'
import { logOn } from '../support/plugin-source.ts'
import { assertEventsComplete, assertMirrored } from '../support/reconcile.ts'

// The data folders of two nodes as the version of schema 1 left them, and their chain. Alice had paid bob five times, bob her once, and
// one payment had failed; a plugin of hers counts what arrived. Bob was held up (SIGSTOP) while she began three payments more, and went on
// while she began another three, and then both were ended by SIGKILL. Invoices are good for 63 years: that version was built
// without its bound on them. Each file is gzipped; the databases had their logs put in first.
const FIXTURE = fileURLToPath(new URL('fixtures/schema-1/', import.meta.url))
const FACTS = JSON.parse(readFileSync(join(FIXTURE, 'facts.json'), 'utf8')) as {
  readonly channelId: string
  readonly unpaid: string
  readonly underWay: readonly string[]
}

const unpack = (from: string, to: string): void => {
  for (const name of readdirSync(join(FIXTURE, from), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.gz')) continue
    const path = join(to, name.slice(0, -'.gz'.length))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, gunzipSync(readFileSync(join(FIXTURE, from, name))), { mode: 0o600 })
  }
}

/** Starts it, and ends it by SIGKILL when so much has been written, or else when it is ready. */
const killAfter = async (node: NodeProcess, writes: number): Promise<void> => {
  let seen = 0
  const written = new Promise<void>((resolve) => {
    const watcher = watch(node.dataDir, (_, file) => {
      if (file === 'node.sqlite-wal' && ++seen >= writes) enough()
    })
    const enough = (): void => {
      watcher.close()
      resolve()
    }
    stopWatching = enough
  })
  const ready = node.start().catch(() => {})
  await Promise.race([written, ready])
  stopWatching()
  await node.kill()
  await ready
}
let stopWatching: () => void = () => {}

test('a data folder of schema 1 — however often its node is killed while it moves what is there and goes on, nothing is lost and every payment ends', async (t: ExecutionContext) => {
  t.timeout(180_000)
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-old-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'chain'), gunzipSync(readFileSync(join(FIXTURE, 'chain.gz'))))
  const chain = await devchainRig(join(folder, 'chain'))
  const network = new Network(chain)
  network.endWith(t)
  const [alice, bob] = [
    await NodeProcess.over({ name: 'alice', chain }, (dataDir) => unpack('alice', dataDir)),
    await NodeProcess.over({ name: 'bob', chain }, (dataDir) => unpack('bob', dataDir)),
  ]
  network.nodes.push(alice, bob)
  for (const writes of [1, 4, 9]) await killAfter(alice, writes)
  for (const writes of [2, 6]) await killAfter(bob, writes)

  await Promise.all([alice.start(), bob.start()])
  await chain.mine(1)
  const connect = (key: string) => alice.ask('peers', 'connect', { nodeId: bob.id, address: bob.listen }, { key })
  await connect('once')
  // Once more, in the middle of what they go on with.
  await alice.until('a payment goes on', () => alice.payloads('payment.sent').length > 5)
  await alice.kill()
  await alice.start()
  await connect('twice')
  await untilUsable(FACTS.channelId, alice, bob)
  await alice.until(
    'it has handled the blocks that it missed',
    async () => (await alice.ask('node', 'getInfo', {})).synced,
  )

  // Asked again, each goes on, and has one outcome.
  const pay = (invoice: string, key: string) => alice.askUntilAnswered('payments', 'payInvoice', { invoice }, { key })
  const ended = await Promise.all(FACTS.underWay.map((invoice, i) => pay(invoice, `under-way-${i}`)))
  const arrived = ended.filter(({ ok }) => ok).length
  // Of the last ones no HTLC had left: they came to nothing, and that is said.
  t.true(
    arrived >= 3,
    JSON.stringify(ended, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  )
  for (const answer of ended) if (!answer.ok) t.is(answer.error.code, 'payment-failed')
  await untilQuiet(alice, bob)
  const all = await alice.ask('payments', 'list', { page: { limit: 100 } })
  const settled = all.items.filter(({ status }) => status === 'settled')
  t.is(settled.length, 5 + arrived)
  t.is(all.items.length, 5 + FACTS.underWay.length + 1)
  t.is(all.items.filter(({ status }) => status === 'failed').length, 1 + FACTS.underWay.length - arrived)
  t.is(new Set(settled.map(({ paymentHash }) => paymentHash)).size, settled.length)
  const received = await bob.ask('invoices', 'list', { status: 'paid', page: { limit: 100 } })
  t.is(received.items.length, settled.length)

  // What was answered before is answered again, and done once.
  const again = await alice.tryAsk('payments', 'payInvoice', { invoice: settled.at(-1)?.invoice }, { key: 'paid-0' })
  t.like(again, { ok: true, value: { payment: { status: 'settled' } } })
  const now = await pay(FACTS.unpaid, 'now')
  t.true(now.ok, inspect(now, { depth: 6 }))
  await untilQuiet(alice, bob)
  const paidMsat = [...settled, ...(await alice.ask('payments', 'list', { page: { limit: 1 } })).items].reduce(
    (sum, { amountMsat, feesMsat }) => sum + amountMsat + feesMsat,
    0n,
  )
  const mirrored = await assertMirrored(t, FACTS.channelId, alice, bob)
  t.is(mirrored.alice, 1_500_000_000n + 2_000_000n - paidMsat)

  for (const node of [alice, bob]) {
    await assertEventsComplete(t, node)
    t.deepEqual(node.payloads('channel.closing'), [], node.name)
    t.deepEqual(node.payloads('channel.errored'), [], node.name)
  }
  // Where a kill came after the start, the node has ended early twice, and holds its plugins back.
  await alice.ask('plugins', 'resume', {})
  // The plugin has gone on where it was.
  const sent = settled.length + 1
  await alice.until('its plugin has counted all', async () =>
    (await logOn(alice, 'counter')).some((line) => line.endsWith(`sent ${sent}`)),
  )
})
