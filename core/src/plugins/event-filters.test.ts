import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { Account, MemoryPool } from './account.ts'
import { EventFilters } from './event-filters.ts'
import { Inbox } from './inbox.ts'
import { LiveEvents } from './live-events.ts'
import { parseManifest } from './manifest.ts'
import { PluginLog } from './plugin-log.ts'
import { ProcessorShare } from './processor-share.ts'
import { Subscriptions } from './subscriptions.ts'
import { FakeNode, MemoryStore } from './testing/fake-node.ts'

const NAME = 'peer.disconnected'
const PARSE_MS = 5
const CORE_PRICE = 4

/** A machine on which nothing takes time but reading the text of an event. */
class Machine {
  readonly clock = virtualClock()
  reads = 0

  event(sequence: number, nodeId: string): EncodedEvent {
    const machine = this
    return {
      cursor: String(sequence),
      sequence,
      name: NAME,
      version: 1,
      at: 0,
      get text() {
        machine.reads += 1
        return JSON.stringify({ payload: { nodeId } })
      },
    }
  }
}

/** A plugin's subscriptions without its cell. It wants the events of one peer alone. */
const listener = async (machine: Machine, node: FakeNode, durable: number) => {
  const { clock } = machine
  const parsed = parseManifest(
    JSON.stringify({
      name: 'listener',
      version: '1.0.0',
      contract: '^0.1.0',
      entry: './index.ts',
      permissions: { events: { [NAME]: { filter: { nodeId: { oneOf: ['wanted'] } } } } },
    }),
  )
  if (!parsed.ok) throw new Error(parsed.error.message)
  const manifest = parsed.value
  const total = new TokenBucket(1, 1_000_000, clock.monotonic())
  const share = new ProcessorShare({
    clock,
    beginWork: () => {
      const { reads } = machine
      return () => (machine.reads - reads) * PARSE_MS
    },
    cpuShare: 1,
    total,
    warned() {},
    resume() {},
  })
  const account = new Account(new MemoryPool(64 << 20, 1))
  const inbox = new Inbox(account)
  const heard = {
    manifest,
    events: node.events,
    filters: new EventFilters(manifest),
    charged: <T>(work: () => T): T => share.charged(work),
    log: new PluginLog({ path: '/dev/null', account, clock, onLine() {} }),
    onAvailable() {},
  }
  const subscriptions = new Subscriptions({ ...heard, store: new MemoryStore(), account, installCursor: '0' })
  await subscriptions.start(Array.from({ length: durable }, (_, i) => [`s${i}`, NAME, 'start'] as const))
  const live = new LiveEvents({ ...heard, inbox })
  return {
    subscriptions,
    live,
    inbox,
    /** Milliseconds of the core's thread that the plugin was charged for. */
    charged: () => (1_000_000 - total.left(clock.monotonic())) / CORE_PRICE,
  }
}

/** Until what is stored was read: the fake log answers in microtasks. */
const caughtUp = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('an event that filters reject is parsed once for all plugins and their subscriptions, on the account of the first', async (t) => {
  const machine = new Machine()
  const node = new FakeNode()
  const first = await listener(machine, node, 256)
  const second = await listener(machine, node, 256)
  await caughtUp()
  node.append([machine.event(1, 'other')])
  t.is(machine.reads, 1)
  t.is(first.charged(), PARSE_MS)
  t.is(second.charged(), 0)
  t.is(first.subscriptions.waiting + second.subscriptions.waiting, 0)
  first.subscriptions.stop()
  node.append([machine.event(2, 'other')])
  t.is(second.charged(), PARSE_MS)
  second.subscriptions.stop()
  node.append([machine.event(3, 'other')])
  t.is(machine.reads, 2)
})

test('stored events that a filter rejects are parsed once for a plugin, on its account', async (t) => {
  const machine = new Machine()
  const node = new FakeNode()
  node.append(Array.from({ length: 20 }, (_, i) => machine.event(i + 1, 'other')))
  const { subscriptions, charged } = await listener(machine, node, 8)
  await caughtUp()
  t.is(machine.reads, 20)
  t.is(charged(), 20 * PARSE_MS)
  t.is(subscriptions.waiting, 0)
  subscriptions.stop()
})

test('live events that a filter rejects are on the account of the plugin', async (t) => {
  const machine = new Machine()
  const node = new FakeNode()
  const { live, inbox, charged } = await listener(machine, node, 0)
  live.follow([NAME])
  node.append([machine.event(1, 'other')])
  t.is(charged(), PARSE_MS)
  t.is(inbox.liveEvents, 0)
  node.append([machine.event(2, 'wanted')])
  t.is(charged(), 2 * PARSE_MS)
  t.is(inbox.liveEvents, 1)
  live.stop()
})

test('the events that a filter lets through reach every subscription', async (t) => {
  const machine = new Machine()
  const node = new FakeNode()
  const { subscriptions } = await listener(machine, node, 3)
  await caughtUp()
  node.append([machine.event(1, 'wanted'), machine.event(2, 'other'), machine.event(3, 'wanted')])
  t.is(subscriptions.waiting, 6)
  subscriptions.stop()
})
