import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { Deaths } from './support/deaths.ts'
import { disagreement } from './support/finish.ts'
import type { SimulatedNode } from './support/simulated-node.ts'
import type { Terrain } from './support/terrain.ts'
import { type Link, World } from './support/world.ts'

const TERRAIN: Terrain = {
  nodes: 2,
  channels: 'usual',
  closes: 'simple',
  isUpfront: false,
  isPoor: false,
  early: undefined,
}
const PACE = { latencyMs: 5, diskMs: 1 }
const WAIT_MS = 50
/** A few commits and messages, and less than what waits. */
const AT_ONCE_MS = 20
const SMALL_MSAT = 1_000_000n

interface Said {
  readonly at: number
  readonly by: 'alice' | 'bob'
  readonly what: string
}

const REMOVALS = ['update_fulfill_htlc', 'update_fail_htlc']
const WORDS = [...REMOVALS, 'update_add_htlc', 'commitment_signed', 'shutdown', 'closing_complete']

type Invoice = ReplyOf<'invoices', 'create'>['invoice']

const isAfterAWhile = (ms: number): boolean => ms >= WAIT_MS && ms < WAIT_MS + AT_ONCE_MS

/** Two nodes with a channel, and what they say from then on. */
class Stage {
  readonly world: World
  readonly link: Link
  readonly #t: ExecutionContext

  private constructor(t: ExecutionContext, world: World) {
    this.#t = t
    this.world = world
    this.link = world.links[0] as Link
  }

  /** Alice and bob have a channel. Each message and each commit takes the same time. */
  static async open(t: ExecutionContext): Promise<Stage> {
    const world = new World(1, TERRAIN, new Deaths(), PACE)
    t.teardown(() => world.end())
    await world.begin()
    await world.advance(1_000)
    world.traces = true
    return new Stage(t, world)
  }

  /** Payments follow each other closely: one that is made at once follows them, and is all that is heard of. */
  async run(): Promise<void> {
    const invoices = [await this.invoice(), await this.invoice(), await this.invoice()]
    for (const invoice of invoices) await this.finish(this.pays(invoice))
    this.world.trace.length = 0
  }

  /** The same, soon after a wait of bob's was in vain: only alice lets signatures wait, who has forgotten hers. */
  async runForPayer(): Promise<void> {
    await this.run()
    await this.atRest()
    revive(this.alice)
    const { channelId } = this.link
    const isUsable = async () => (await this.alice.ask('channels', 'get', { channelId })).channel.state === 'usable'
    await this.world.until(isUsable, 'the channel is usable', 5_000, 10)
    await this.run()
  }

  get alice(): SimulatedNode {
    return this.link.a
  }

  get bob(): SimulatedNode {
    return this.link.b
  }

  async invoice(amountMsat = SMALL_MSAT): Promise<Invoice> {
    const request = { amountMsat, description: '' }
    return (await this.world.result(this.bob.ask('invoices', 'create', request))).invoice
  }

  async pays(invoice: Invoice): Promise<void> {
    await this.alice.ask('payments', 'payInvoice', { invoice: invoice.invoice })
  }

  /** Time passes until that is done, and no longer. */
  async finish(work: Promise<unknown>): Promise<void> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    await this.world.settle()
    while (!isDone) await this.world.advance(1)
    await done
  }

  /** Time passes until it has been said, and no longer. */
  async hear(words: string): Promise<void> {
    await this.world.until(() => this.said.some((each) => `${each.by} ${each.what}` === words), words, 5_000, 1)
  }

  get said(): readonly Said[] {
    return this.world.trace.flatMap((line): readonly Said[] => {
      const [, at, from, what] = /^\[(\d+) @\d+\] (\S+)>\S+ (\S+)$/.exec(line) ?? []
      if (at === undefined || what === undefined || !WORDS.includes(what)) return []
      return [{ at: Number(at), by: from === this.alice.host ? 'alice' : 'bob', what }]
    })
  }

  /** How long after bob's first removal a side signs. */
  #signatures(by: Said['by']): readonly number[] {
    const from = this.said.find(({ what }) => REMOVALS.includes(what))?.at ?? Number.NaN
    return this.said
      .filter((each) => each.at >= from && each.by === by && each.what === 'commitment_signed')
      .map(({ at }) => at - from)
  }

  /** For the first time. */
  signs(by: Said['by']): number {
    return this.#signatures(by)[0] ?? Number.NaN
  }

  /** For the last time. */
  last(by: Said['by']): number {
    return this.#signatures(by).at(-1) ?? Number.NaN
  }

  count(words: string): number {
    return this.said.filter(({ by, what }) => `${by} ${what}` === words).length
  }

  async atRest(): Promise<void> {
    await this.world.until(() => disagreement(this.world, this.link) === undefined, 'no HTLC is left')
  }

  /** Both sides hold the same and no HTLC, and both say that it is paid. */
  async endsPaid(...invoices: readonly Invoice[]): Promise<void> {
    const { world } = this
    await this.atRest()
    for (const { paymentHash } of invoices) {
      const { payment } = await world.result(this.alice.ask('payments', 'get', { paymentHash }))
      const { invoice } = await world.result(this.bob.ask('invoices', 'get', { paymentHash }))
      this.#t.deepEqual([payment.status, invoice.status], ['settled', 'paid'])
    }
    this.#t.deepEqual(world.faults, [])
  }
}

test('a fulfilment that follows no other payment is signed at once, by the payee and by the payer', async (t) => {
  const stage = await Stage.open(t)
  const invoice = await stage.invoice()
  await stage.finish(stage.pays(invoice))
  await stage.endsPaid(invoice)
  t.true(stage.signs('alice') < AT_ONCE_MS, `${stage.signs('alice')}`)
})

test('the last fulfilment of a run of payments is signed after a while by the payee, and then at once by the payer', async (t) => {
  const stage = await Stage.open(t)
  const invoice = await stage.invoice()
  await stage.run()
  await stage.finish(stage.pays(invoice))
  t.is(stage.count('bob commitment_signed'), 1)
  await stage.endsPaid(invoice)
  t.true(isAfterAWhile(stage.signs('bob')), `${stage.signs('bob')}`)
  t.true(stage.last('alice') - stage.signs('bob') < AT_ONCE_MS, `${stage.last('alice')}`)
})

test('the payer waits also if the payee does not', async (t) => {
  const stage = await Stage.open(t)
  const invoice = await stage.invoice()
  await stage.runForPayer()
  await stage.finish(stage.pays(invoice))
  await stage.endsPaid(invoice)
  t.true(stage.signs('bob') < AT_ONCE_MS, `${stage.signs('bob')}`)
  t.true(isAfterAWhile(stage.signs('alice')), `${stage.signs('alice')}`)
})

test('a fulfilment is signed at once with an addition: payments one after the other take one signature of each side', async (t) => {
  const stage = await Stage.open(t)
  const invoices = [await stage.invoice(), await stage.invoice(), await stage.invoice(), await stage.invoice()]
  const all = async (): Promise<void> => {
    for (const invoice of invoices) await stage.pays(invoice)
  }
  await stage.run()
  await stage.finish(all())
  t.is(stage.count('alice commitment_signed'), 4)
  t.is(stage.count('bob commitment_signed'), 4)
  t.true(stage.signs('alice') < AT_ONCE_MS)
  await stage.endsPaid(...invoices)
})

test('what waits waits its whole time, whatever has waited before it', async (t) => {
  const stage = await Stage.open(t)
  const [first, second] = [await stage.invoice(), await stage.invoice()]
  await stage.run()
  await stage.finish(stage.pays(first))
  stage.world.trace.length = 0
  await stage.finish(stage.pays(second))
  await stage.endsPaid(first, second)
  t.true(isAfterAWhile(stage.signs('bob')), `${stage.signs('bob')}`)
})

test('after a wait in vain nothing waits for a second', async (t) => {
  const stage = await Stage.open(t)
  const [first, second, third] = [await stage.invoice(), await stage.invoice(), await stage.invoice()]
  await stage.run()
  await stage.finish(stage.pays(first))
  await stage.endsPaid(first)
  await stage.run()
  await stage.finish(stage.pays(second))
  await stage.endsPaid(second)
  t.true(stage.signs('alice') < AT_ONCE_MS, `${stage.signs('alice')}`)
  await stage.world.advance(1_000)
  await stage.run()
  await stage.finish(stage.pays(third))
  await stage.endsPaid(third)
  t.true(isAfterAWhile(stage.signs('bob')), `${stage.signs('bob')}`)
})

test('a few fulfilments wait together; of five nobody waits, nor does one soon after them', async (t) => {
  const stage = await Stage.open(t)
  const payAtOnce = async (count: number): Promise<void> => {
    const invoices: Invoice[] = []
    for (let n = 0; n < count; n++) invoices.push(await stage.invoice())
    await stage.run()
    await stage.finish(Promise.all(invoices.map((invoice) => stage.pays(invoice))))
    await stage.endsPaid(...invoices)
    t.is(stage.count('bob update_fulfill_htlc'), count)
  }
  await payAtOnce(3)
  t.true(isAfterAWhile(stage.signs('bob')), `${stage.signs('bob')}`)
  await stage.world.advance(1_000)
  await payAtOnce(5)
  t.true(stage.signs('bob') < AT_ONCE_MS, `${stage.signs('bob')}`)
  await payAtOnce(1)
  t.true(stage.signs('bob') < AT_ONCE_MS, `${stage.signs('bob')}`)
  await stage.world.advance(1_000)
  await payAtOnce(1)
  t.true(isAfterAWhile(stage.signs('bob')), `${stage.signs('bob')}`)
})

test('a fulfilment of more than a hundredth of the channel is signed at once', async (t) => {
  const stage = await Stage.open(t)
  const invoice = await stage.invoice(20_000_000n)
  await stage.run()
  await stage.finish(stage.pays(invoice))
  await stage.endsPaid(invoice)
  t.true(stage.signs('alice') < 2 * AT_ONCE_MS, `${stage.signs('alice')}`)
})

test('a failure is signed at once', async (t) => {
  const stage = await Stage.open(t)
  const { items } = await stage.world.result(stage.alice.ask('channels', 'list', {}))
  const shortChannelId = items[0]?.shortChannelId as string
  const route = [{ nodeId: stage.bob.id, shortChannelId, amountMsat: SMALL_MSAT, cltvExpiryDelta: 30 }]
  const nobodys = '11'.repeat(32)
  await stage.run()
  const request = { paymentHash: nobodys, paymentSecret: nobodys, route }
  await stage.finish(stage.alice.tryAsk('payments', 'sendToRoute', request) as Promise<unknown>)
  t.is(stage.count('bob update_fail_htlc'), 1)
  t.true(stage.signs('bob') < AT_ONCE_MS, `${stage.signs('bob')}`)
  t.true(stage.signs('alice') < AT_ONCE_MS, `${stage.signs('alice')}`)
})

test('a close that is asked for while a fulfilment waits has it signed, and begins at once', async (t) => {
  const stage = await Stage.open(t)
  const invoice = await stage.invoice()
  await stage.run()
  await stage.finish(stage.pays(invoice))
  await stage.finish(stage.bob.ask('channels', 'close', { channelId: stage.link.channelId }))
  await stage.hear('bob shutdown')
  t.true(stage.signs('bob') < WAIT_MS - AT_ONCE_MS, `${stage.signs('bob')}`)
  await stage.world.until(() => stage.count('bob closing_complete') > 0, 'a closing transaction is offered')
})

/** What goes wrong in the time in which a signature waits, and repairs itself. */
const MISFORTUNES: readonly (readonly [what: string, strike: (stage: Stage) => void])[] = [
  ['the connection is lost', ({ world, alice, bob }) => world.net.cut(alice.host, bob.host)],
  ['the payee’s process dies', ({ bob }) => revive(bob)],
  ['the payer’s process dies', ({ alice }) => revive(alice)],
  [
    'both processes die',
    ({ alice, bob }) => {
      revive(alice)
      revive(bob)
    },
  ],
]

const revive = (node: SimulatedNode): void => {
  node.die()
  node.start()
}

for (const [what, strike] of MISFORTUNES) {
  test(`${what} while the payee’s signature waits — nothing is lost`, async (t) => {
    const stage = await Stage.open(t)
    const invoice = await stage.invoice()
    await stage.run()
    await stage.finish(stage.pays(invoice))
    t.is(stage.count('bob commitment_signed'), 1)
    strike(stage)
    await stage.endsPaid(invoice)
    t.is(stage.count('bob update_fulfill_htlc'), 2)
    t.is(stage.count('alice update_add_htlc'), 1)
  })

  test(`${what} while the payer’s signature waits — nothing is lost`, async (t) => {
    const stage = await Stage.open(t)
    const invoice = await stage.invoice()
    await stage.runForPayer()
    await stage.finish(stage.pays(invoice))
    await stage.world.advance(AT_ONCE_MS)
    t.is(stage.count('bob commitment_signed'), 2)
    t.is(stage.count('alice commitment_signed'), 1)
    strike(stage)
    await stage.endsPaid(invoice)
    t.is(stage.count('bob update_fulfill_htlc'), 1)
  })

  test(`${what} after the preimage has left and before it has come — nothing is lost`, async (t) => {
    const stage = await Stage.open(t)
    const invoice = await stage.invoice()
    void stage.alice.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice })
    await stage.hear('bob update_fulfill_htlc')
    strike(stage)
    await stage.endsPaid(invoice)
    t.is(stage.count('alice update_add_htlc'), 1)
  })
}
