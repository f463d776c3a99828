import test from 'ava'
import fc from 'fast-check'
import type { Funded } from '../../channel/index.ts'
import { findHtlc } from '../../channel/state/htlc.ts'
import type { TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { hashOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { toHex } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import type { Offer, OfferTrace } from '../../payment/offer.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store, Write } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { channelWrites, readChannels } from '../channel/channel-rows.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { nextHtlcId, traceOffer } from './trace-offer.ts'

const memory = (): Promise<Store> =>
  openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const directoryOf = (durable: Funded | undefined): ChannelDirectory =>
  ({ get: () => (durable === undefined ? undefined : { state: { durable } }) }) as unknown as ChannelDirectory

interface Offered {
  readonly offer: Offer
  readonly n: number
  /** How many commits there had been when its row was written. */
  readonly after: number
}

/** A channel of ours through its life, and everything that was written. */
class Life {
  readonly two = new TwoParties().ready({ pushMsat: 300_000_000n })
  readonly states: Funded[] = [this.us.funded]
  readonly commits: (readonly Write[])[] = [channelWrites(undefined, this.us.stored)]
  readonly offers: Offered[] = []

  get us(): TestParty {
    return this.two.alice
  }

  /** Offers an HTLC; the payments that the operator tries again have the hash, amount and expiry of another. */
  offer(n: number): void {
    const { channelId } = this.us.funded.params
    const firstHtlcId = nextHtlcId(directoryOf(this.us.funded), channelId)
    const offer = { channelId, paymentHash: hashOf(n), amountMsat: 5_000_000n, cltvExpiry: 1144, firstHtlcId }
    this.offers.push({ offer, n: this.offers.length, after: this.commits.length })
    this.two.run(this.us, {
      type: 'add-htlc',
      requestId: 'add',
      ...offer,
      onion: new Uint8Array(1366),
      origin: { type: 'local', payment: Uint8Array.of(this.offers.length - 1) },
    })
    this.note()
  }

  /** Until nothing moves, a commit for each step of ours. */
  settle(): void {
    const { two, us } = this
    for (let round = 0; round < 8; round++) {
      for (const party of [us, two.bob]) {
        two.sign(party)
        this.note()
        while (two.deliver(party) !== undefined) this.note()
      }
    }
  }

  note(): void {
    const previous = this.states.at(-1) as Funded
    if (this.us.funded === previous) return
    this.commits.push(channelWrites(previous, this.us.funded))
    this.states.push(this.us.funded)
  }
}

const ACTS = ['offer', 'again', 'sign', 'deliver', 'fulfil', 'fail', 'reconnect'] as const

const lived = (acts: readonly (typeof ACTS)[number][]): Life => {
  const life = new Life()
  const { two } = life
  for (const [n, act] of acts.entries()) {
    const [oldest] = two.bob.funded.htlcs.received
    switch (act) {
      case 'offer':
        life.offer(n)
        break
      case 'again':
        if (life.offers.length > 0) life.offer(acts.indexOf('offer') === -1 ? n : acts.indexOf('offer'))
        break
      case 'sign':
        two.sign(life.us)
        break
      case 'deliver':
        two.deliver(life.us)
        life.note()
        two.deliver(two.bob)
        break
      case 'fulfil':
      case 'fail':
        life.settle()
        if (oldest !== undefined) {
          const at = acts.findIndex((_, each) => toHex(hashOf(each)) === toHex(oldest.add.paymentHash))
          if (act === 'fulfil') two.fulfil(two.bob, oldest.add.id, at)
          else two.fail(two.bob, oldest.add.id)
        }
        life.settle()
        break
      case 'reconnect':
        two.disconnect()
        two.connect()
        break
    }
    life.note()
  }
  return life
}

const isHeldIn = (state: Funded | undefined, n: number): boolean =>
  state?.htlcs.offered.some(({ origin }) => origin?.type === 'local' && origin.payment[0] === n) === true

/** What becomes of the channel's rows besides the crash. */
const FAULTS = ['none', 'none', 'channel gone', 'past row gone', 'past row damaged'] as const

test('an offer is made again only if no commitment has held it, wherever a crash comes, and whatever is lost besides', async (t) => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...ACTS), { minLength: 4, maxLength: 25 }),
      fc.nat(999),
      fc.nat(999),
      fc.constantFrom(...FAULTS),
      async (acts, cut, lag, fault) => {
        const life = lived(acts)
        const store = await memory()
        // A crash after any commit. Writes that may wait have been made up to an earlier one.
        const crash = 1 + Math.floor((cut * life.commits.length) / 1_000)
        const made = Math.floor((lag * crash) / 1_000)
        for (const [at, writes] of life.commits.slice(0, crash).entries())
          store.submit(writes.filter(({ mayWait }) => mayWait !== true || at < made))
        await store.flush()
        const [read] = await readChannels(store, virtualClock())
        await store.flush()
        const durable = read?.durable as Funded
        const past = await store.sizes(TABLE.pastHtlc)
        const [lost] = past
        if (lost !== undefined && fault === 'past row gone')
          store.submit([{ table: TABLE.pastHtlc, key: lost.key, value: undefined }])
        if (lost !== undefined && fault === 'past row damaged')
          store.submit([{ table: TABLE.pastHtlc, key: lost.key, value: Uint8Array.of(9) }])
        await store.flush()

        for (const { offer, n, after } of life.offers) {
          if (after > crash || isHeldIn(durable, n)) continue
          const wasMade = life.states.slice(0, crash).some((state) => isHeldIn(state, n))
          const channels = directoryOf(fault === 'channel gone' ? undefined : durable)
          const trace = await traceOffer(store, channels, offer)
          seen.set(`${trace} ${wasMade}`, (seen.get(`${trace} ${wasMade}`) ?? 0) + 1)
          const expected: readonly OfferTrace[] = wasMade ? ['made', 'lost'] : ['never', 'lost']
          t.true(expected.includes(trace), `${trace}, ${wasMade ? 'made' : 'not made'}, ${fault}`)
          // Without a fault there is no doubt, and nothing is kept waiting.
          if (fault === 'none') t.is(trace, wasMade ? 'made' : 'never')
        }
        await store.close()
      },
    ),
    // Crashes at every point alike.
    { seed: 9, numRuns: 150, unbiased: true },
  )
  t.deepEqual([...seen.keys()].toSorted(), ['lost false', 'lost true', 'made true', 'never false'])
})

test('an offer of an earlier version, whose row says no first id, may have any id', async (t) => {
  const life = lived(['offer', 'sign', 'deliver', 'fail', 'fail'])
  const store = await memory()
  for (const writes of life.commits) store.submit(writes)
  await store.flush()
  const [read] = await readChannels(store, virtualClock())
  const durable = read?.durable as Funded
  t.is(findHtlc(durable.htlcs.offered, 0n), undefined)
  const { firstHtlcId: _, ...offer } = (life.offers[0] as Offered).offer
  t.is(await traceOffer(store, directoryOf(durable), offer), 'made')
  t.is(await traceOffer(store, directoryOf(durable), { ...offer, amountMsat: 5_000_001n }), 'never')
  await store.close()
})
