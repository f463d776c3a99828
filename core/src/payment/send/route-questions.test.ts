import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { HtlcOutcome } from '../../channel/state/effects.ts'
import { sha256 } from '../../crypto/hashes.ts'
import type { RouteHint } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import { named, reasonFrom, sessionKeys, type TestNode, testNode } from '../fixtures/nodes.ts'
import { ownChannels } from '../fixtures/own-channels.ts'
import { knownChannels } from '../fixtures/route-answers.ts'
import type { Step } from '../step.ts'
import { chooseRoutes } from './choose-routes.ts'
import {
  type Attempt,
  type OwnChannel,
  type PaymentRequest,
  type PaymentTarget,
  partAmounts,
  type Route,
  type RouteHop,
  type SendEnv,
  type SentPayment,
} from './payment.ts'
import { decodeSentPayment, encodeSentPayment } from './payment-codec.ts'
import type { NodeRecipient } from './recipient.ts'
import type { FoundRoutes, RouteQuestion } from './route-question.ts'
import { resting, startPayment, stepPayment } from './send-machine.ts'
import type { SendAddHtlc, SendInput, SendingEffect, SendState } from './send-protocol.ts'

const [bob, carol, dave, payee] = ['bob', 'carol', 'dave', 'payee'].map(testNode) as [
  TestNode,
  TestNode,
  TestNode,
  TestNode,
]
const preimage = named('preimage')
const paymentHash = sha256(preimage)
const TOTAL = 1_000_000n

const channel = (name: string, peer: TestNode, spendableMsat: bigint): OwnChannel => ({
  channelId: named(name),
  remoteNodeId: peer.nodeId,
  shortChannelId: BigInt(name.length),
  spendableMsat,
  affordableMsat: spendableMsat,
  htlcMinimumMsat: 1n,
})

const hint = (node: TestNode, shortChannelId: bigint): RouteHint => [
  { nodeId: node.nodeId, shortChannelId, feeBaseMsat: 1000, feeProportionalMillionths: 100, cltvExpiryDelta: 40 },
]

const CHANNELS = [channel('a', payee, 400_000n), channel('bb', bob, 700_000n), channel('ccc', carol, 700_000n)]
const HINTS = [hint(bob, 11n), hint(carol, 12n)]

const request = ({
  routeHints = HINTS,
  ...target
}: Partial<PaymentTarget & Pick<NodeRecipient, 'routeHints'>> = {}): PaymentRequest => ({
  target: {
    recipient: {
      type: 'node',
      nodeId: payee.nodeId,
      paymentSecret: named('secret'),
      minFinalCltvExpiryDelta: 18,
      routeHints,
    },
    paymentHash,
    amountMsat: TOTAL,
    multiPart: true,
    expiresAt: 2_000_000,
    ...target,
  },
  maxFeeMsat: 10_000n,
  key: '',
})

const env = (channels: readonly OwnChannel[], more: Partial<SendEnv> = {}): SendEnv => ({
  now: 1_000_000,
  height: 500,
  ...knownChannels(channels),
  nextHtlcId: () => 70n,
  shadowDelta: () => 0,
  sessionKey: sessionKeys(),
  ...more,
})

type SendStep = Step<SendState, SendingEffect>

const begin = (world: SendEnv, asked = request()): SendStep => {
  const started = startPayment(undefined, asked, world)
  if (!started.ok) throw new Error(started.error.code)
  return started.value
}

const adds = ({ effects }: SendStep): readonly SendAddHtlc[] => effects.filter((effect) => effect.type === 'add-htlc')
const ended = ({ effects }: SendStep): SentPayment | undefined =>
  effects.find((effect) => effect.type === 'ended')?.payment
const question = ({ effects }: SendStep): RouteQuestion => {
  const asked = effects.filter((effect) => effect.type === 'find-routes')
  if (asked.length !== 1) throw new Error(`${asked.length} questions`)
  return (asked[0] as (typeof asked)[0]).question
}
const found = ({ id }: RouteQuestion, result: FoundRoutes): SendInput => ({
  type: 'routes-found',
  question: id,
  result,
})
const chosen = (asked: RouteQuestion, channels: readonly OwnChannel[]): FoundRoutes =>
  chooseRoutes(asked, ownChannels(channels))
const fulfilled: HtlcOutcome = { type: 'fulfilled', preimage, onChain: false }
const notSent: HtlcOutcome = { type: 'not-sent' }
const settled = (attempt: number, outcome: HtlcOutcome): SendInput => ({ type: 'settled', attempt, outcome })

const unchanged = (t: ExecutionContext, before: SendState, step: SendStep): void => {
  t.is(step.state, before)
  t.deepEqual(step.effects, [])
}

/** Two parts are out, over the channels `a` and `bb`. */
const twoParts = (world: SendEnv): SendStep => {
  const first = begin(world)
  return stepPayment(first.state, found(question(first), chosen(question(first), CHANNELS)), world)
}

test('the parts that are under way count among the most that there may be, and no payment makes more than 64 attempts', (t) => {
  const world = env(CHANNELS)
  const { state } = twoParts(world)
  const [attempt] = state.payment.attempts as [Attempt, ...Attempt[]]
  t.is(question(stepPayment(state, settled(0, notSent), world)).maxParts, 15)
  const failure = { type: 'local', error: 'not-sent' } as const
  const attempts = Array.from({ length: 60 }, (_, id) => ({ ...attempt, id, status: 'failed', failure }) as const)
  const late = stepPayment(resting({ ...state.payment, attempts }), { type: 'resumed', held: [] }, world)
  t.is(question(late).maxParts, 4)
})

test('a payment asks for its routes, sends nothing before they come, and follows them once', (t) => {
  const world = env(CHANNELS)
  const started = begin(world)
  const asked = question(started)
  t.deepEqual(adds(started), [])
  t.deepEqual(asked, {
    id: 1,
    startedAt: 1_000_000,
    target: request().target,
    remainingMsat: TOTAL,
    feeBudgetMsat: 10_000n,
    maxParts: 16,
    offered: [],
    underWay: [],
    lessons: { channels: [], nodes: [], hops: [], refused: [], ways: [], corrections: [] },
    height: 500,
    shadowDelta: 0,
  })
  // What crosses to another thread is the same there.
  t.deepEqual(structuredClone(asked), asked)
  t.is(started.state.payment.status, 'in-flight')

  const answer = found(asked, chosen(asked, CHANNELS))
  const sent = stepPayment(started.state, answer, world)
  t.deepEqual(
    adds(sent).map(({ channelId }) => channelId),
    [named('a'), named('bb')],
  )
  unchanged(t, sent.state, stepPayment(sent.state, answer, world))
})

test('a part fails while a question is out: it is asked anew with what is missing then, and the old answer changes nothing', (t) => {
  const world = env(CHANNELS)
  const parts = twoParts(world)
  const one = stepPayment(parts.state, settled(0, notSent), world)
  const old = question(one)
  t.is(old.remainingMsat, 400_000n)
  const both = stepPayment(one.state, settled(1, notSent), world)
  const asked = question(both)
  t.is(asked.remainingMsat, TOTAL)
  t.deepEqual(asked.lessons.channels, [named('a'), named('bb')])
  t.not(asked.id, old.id)

  unchanged(t, both.state, stepPayment(both.state, found(old, chosen(old, CHANNELS)), world))
  unchanged(t, both.state, stepPayment(both.state, { type: 'routes-overdue', question: old.id }, world))
  const last = stepPayment(both.state, found(asked, chosen(asked, CHANNELS)), world)
  // Only 700,000 are left to go over.
  t.is(ended(last)?.status, 'failed')
})

test('a question says what our channels may not have deducted yet', (t) => {
  const world = env(CHANNELS)
  const parts = twoParts(world)
  const retried = stepPayment(parts.state, settled(0, notSent), world)
  // The fee of 1,060 is with it.
  t.deepEqual(question(retried).offered, [{ channelId: named('bb'), amountMsat: 601_060n }])
  t.is(question(retried).feeBudgetMsat, 10_000n - 1_060n)
  const added = stepPayment(parts.state, { type: 'added', attempt: 1, result: ok(undefined) }, world)
  t.deepEqual(question(stepPayment(added.state, settled(0, notSent), world)).offered, [])
})

test('a part settles while a question is out: nothing more is sent, whatever is answered', (t) => {
  const world = env(CHANNELS)
  const parts = twoParts(world)
  const retried = stepPayment(parts.state, settled(0, notSent), world)
  const asked = question(retried)
  const done = stepPayment(retried.state, settled(1, fulfilled), world)
  t.is(ended(done)?.status, 'settled')
  unchanged(t, done.state, stepPayment(done.state, found(asked, chosen(asked, CHANNELS)), world))
})

test('an answer that never comes ends the payment, once its parts are back', (t) => {
  const world = env(CHANNELS)
  const started = begin(world)
  const overdue: SendInput = { type: 'routes-overdue', question: question(started).id }
  const given = stepPayment(started.state, overdue, world)
  t.is(ended(given)?.status, 'failed')
  t.deepEqual(ended(given)?.failure, { code: 'route-search-failed' })
  t.deepEqual(decodeSentPayment(encodeSentPayment(given.state.payment)), ok(given.state.payment))
  unchanged(t, given.state, stepPayment(given.state, overdue, world))
  const late = found(question(started), chosen(question(started), CHANNELS))
  unchanged(t, given.state, stepPayment(given.state, late, world))

  const retried = stepPayment(twoParts(world).state, settled(0, notSent), world)
  const waiting = stepPayment(retried.state, { type: 'routes-overdue', question: question(retried).id }, world)
  t.is(ended(waiting), undefined)
  unchanged(t, waiting.state, stepPayment(waiting.state, found(question(retried), ok([])), world))
  const back = stepPayment(waiting.state, settled(1, notSent), world)
  t.deepEqual(ended(back)?.failure, { code: 'route-search-failed' })
  // A part that arrives after all is what counts.
  t.is(ended(stepPayment(waiting.state, settled(1, fulfilled), world))?.status, 'settled')
})

test('what the search says ends the payment, unless an attempt has said more', (t) => {
  const world = env(CHANNELS)
  const started = begin(world)
  const none = err({ code: 'fee-limit-exceeded' } as const)
  t.deepEqual(ended(stepPayment(started.state, found(question(started), none), world))?.failure, {
    code: 'fee-limit-exceeded',
  })
  const parts = twoParts(world)
  const lost = stepPayment(stepPayment(parts.state, settled(0, notSent), world).state, settled(1, notSent), world)
  t.deepEqual(ended(stepPayment(lost.state, found(question(lost), none), world))?.failure, {
    code: 'payment-failed',
    attempt: 1,
  })
})

test('after a restart a payment asks again, and an answer to the life before changes nothing', (t) => {
  const world = env(CHANNELS)
  const started = begin(world)
  const again = stepPayment(resting(started.state.payment), { type: 'resumed', held: [] }, world)
  const asked = question(again)
  t.is(asked.remainingMsat, TOTAL)
  unchanged(
    t,
    again.state,
    stepPayment(again.state, found(question(started), chosen(question(started), CHANNELS)), world),
  )

  const retried = stepPayment(twoParts(world).state, settled(0, notSent), world)
  const resumed = stepPayment(resting(retried.state.payment), { type: 'resumed', held: [1] }, world)
  t.is(question(resumed).remainingMsat, 400_000n)
  t.deepEqual(question(resumed).offered, [])
})

test('a channel that lost its room meanwhile refuses, and another is asked for', (t) => {
  const world = env(CHANNELS)
  const parts = twoParts(world)
  const refused = stepPayment(
    parts.state,
    { type: 'added', attempt: 1, result: err({ code: 'insufficient-balance' }) },
    world,
  )
  const asked = question(refused)
  t.deepEqual(asked.lessons.channels, [named('bb')])
  const sent = stepPayment(refused.state, found(asked, chosen(asked, CHANNELS)), world)
  t.deepEqual(
    adds(sent).map(({ channelId, amountMsat }) => [channelId, amountMsat]),
    [[named('ccc'), 601_060n]],
  )
})

test('routes that come after the invoice has expired are not gone', (t) => {
  const world = env(CHANNELS)
  const started = begin(world)
  const answer = found(question(started), chosen(question(started), CHANNELS))
  const late = stepPayment(started.state, answer, { ...world, now: 2_000_000 })
  t.deepEqual(ended(late)?.failure, { code: 'route-search-failed' })
  t.deepEqual(adds(late), [])
})

test('a payment that is given its routes asks nothing', (t) => {
  const route: Route = {
    channelId: named('a'),
    hops: [{ nodeId: payee.nodeId, amountMsat: TOTAL, cltvExpiry: 521 }],
  }
  const world = env(CHANNELS)
  const started = begin(world, request({ route }))
  t.deepEqual(
    started.effects.map(({ type }) => type),
    ['add-htlc'],
  )
  t.deepEqual(
    stepPayment(started.state, settled(0, notSent), world).effects.map(({ type }) => type),
    ['ended'],
  )
})

type Damage = (routes: readonly Route[]) => readonly Route[]
const changingHop =
  (at: number, change: (hop: RouteHop) => RouteHop): Damage =>
  (routes) =>
    routes.map((route, i) =>
      i === routes.length - 1 ? { ...route, hops: route.hops.with(at, change(route.hops.at(at) as RouteHop)) } : route,
    )

/** Answers that are none to the question. The last route is the one over bob. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  'no route': () => [],
  'a route without hops': ([first]) => [{ channelId: (first as Route).channelId, hops: [] }],
  'a part too few': (routes) => routes.slice(1),
  'a part twice': (routes) => [...routes, ...routes.slice(0, 1)],
  'more parts than there may be': ([first]) =>
    Array.from({ length: 17 }, (_, i) => {
      const { channelId, hops } = first as Route
      const amountMsat = i === 16 ? TOTAL - 16n * 50_000n : 50_000n
      return { channelId, hops: [{ ...(hops[0] as RouteHop), amountMsat }] }
    }),
  'a millisatoshi too much': changingHop(-1, (hop) => ({ ...hop, amountMsat: hop.amountMsat + 1n })),
  'a millisatoshi too little': changingHop(-1, (hop) => ({ ...hop, amountMsat: hop.amountMsat - 1n })),
  'an amount below nothing': ([first]) => {
    const { channelId, hops } = first as Route
    const { cltvExpiry, nodeId } = hops[0] as RouteHop
    const over = (amountMsat: bigint): Route => ({ channelId, hops: [{ nodeId, cltvExpiry, amountMsat }] })
    return [over(TOTAL + 5n), over(-5n)]
  },
  'fees above the limit': changingHop(0, (hop) => ({ ...hop, amountMsat: hop.amountMsat + 10_000n })),
  'fees below nothing': changingHop(0, (hop) => ({ ...hop, amountMsat: hop.amountMsat - 2_000n })),
  'a channel of somebody else': (routes) => routes.map((route) => ({ ...route, channelId: named('theirs') })),
  'another of our channels': (routes) => routes.map((route) => ({ ...route, channelId: named('ccc') })),
  'another destination': changingHop(-1, (hop) => ({ ...hop, nodeId: dave.nodeId })),
  'a final expiry too early': changingHop(-1, (hop) => ({ ...hop, cltvExpiry: 517 })),
  'a first expiry too far': changingHop(0, (hop) => ({ ...hop, cltvExpiry: 500 + 2017 })),
  'a later expiry after an earlier one': changingHop(-1, (hop) => ({ ...hop, cltvExpiry: 900 })),
  'a hop without a channel': changingHop(-1, ({ shortChannelId: _, ...hop }) => hop),
}

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`an answer that is none to the question is an error, and no payment: ${name}`, (t) => {
    const world = env(CHANNELS)
    const started = begin(world)
    const right = chosen(question(started), CHANNELS)
    if (!right.ok) return t.fail()
    const step = stepPayment(started.state, found(question(started), ok(damage(right.value))), world)
    t.deepEqual(
      step.effects.map(({ type }) => type),
      ['wrong-routes', 'ended'],
    )
    t.deepEqual(ended(step)?.failure, { code: 'route-search-failed' })
    t.deepEqual(step.state.payment.attempts, [])
  })
}

test('BOLT 4, multi-part payments — without basic_mpp one HTLC brings the total: several routes are no answer', (t) => {
  const world = env(CHANNELS)
  const parts = chosen(question(begin(world)), CHANNELS)
  const started = begin(world, request({ multiPart: false }))
  t.is(stepPayment(started.state, found(question(started), parts), world).effects[0]?.type, 'wrong-routes')
})

// A payment and the world around it. Its own books say what went out and what came back: what the machine says of itself is held to them.
class Play {
  readonly t: ExecutionContext
  readonly channels: readonly OwnChannel[]
  readonly amountMsat: bigint
  world: SendEnv
  state: SendState
  readonly open: SendAddHtlc[] = []
  readonly answers: { readonly question: RouteQuestion; readonly result: FoundRoutes }[] = []
  arrivedMsat = 0n
  ends = 0

  constructor(t: ExecutionContext, channels: readonly OwnChannel[], amountMsat: bigint) {
    this.t = t
    this.channels = channels
    this.amountMsat = amountMsat
    this.world = env(channels)
    const started = begin(this.world, request({ amountMsat, routeHints: [...HINTS, hint(dave, 13n)] }))
    this.state = started.state
    this.#take(started)
  }

  input(input: SendInput): void {
    this.#take(stepPayment(this.state, input, this.world))
  }

  /** What is out goes on over a restart; what no channel holds was never sent. */
  restart(lost: number): void {
    const { payment } = this.state
    const held = this.open.filter((_, i) => i % 3 !== lost % 3)
    this.open.splice(0, this.open.length, ...held)
    this.state = resting(payment)
    this.input({ type: 'resumed', held: held.map(({ attempt }) => attempt) })
  }

  outcome(at: number, kind: number): void {
    if (this.open.length === 0) return
    const [htlc] = this.open.splice(at % this.open.length, 1) as [SendAddHtlc]
    const { attempt } = htlc
    if (kind === 0) this.input({ type: 'added', attempt, result: err({ code: 'channel-offline' }) })
    else if (kind === 1) {
      this.arrivedMsat += this.#deliveredBy(htlc)
      this.input(settled(attempt, fulfilled))
    } else if (kind === 2) this.input(settled(attempt, notSent))
    else {
      const peer = [payee, bob, carol, dave].find(({ nodeId }) => equalBytes(nodeId, this.#ownOf(htlc).remoteNodeId))
      const reason = reasonFrom(htlc.onion, paymentHash, [peer as TestNode], { type: 'temporary_channel_failure' })
      this.input(settled(attempt, { type: 'failed', failure: { type: 'fail', reason } }))
    }
  }

  /** Answers any question that was ever asked, rightly or wrongly. */
  answer(at: number, damage: number): void {
    const { question: asked, result } = this.answers[at % this.answers.length] as (typeof this.answers)[0]
    const damages = Object.values(DAMAGES)
    const chosenDamage = damages[damage]
    const spoilt = chosenDamage !== undefined && result.ok && result.value.length > 0
    this.input(found(asked, spoilt ? ok(chosenDamage(result.value)) : result))
  }

  #ownOf({ channelId }: SendAddHtlc): OwnChannel {
    return this.channels.find((own) => equalBytes(own.channelId, channelId)) as OwnChannel
  }

  #deliveredBy({ attempt }: SendAddHtlc): bigint {
    const { route } = this.state.payment.attempts.find(({ id }) => id === attempt) as SentPayment['attempts'][0]
    return partAmounts(route).amountMsat
  }

  #take(step: SendStep): void {
    const { t } = this
    // A payment that is decided neither asks nor sends, and one that has ended does nothing at all.
    const { preimage, failure } = step.state.payment
    if (preimage !== undefined || failure !== undefined) {
      t.true(step.effects.every(({ type }) => type === 'ended' || type === 'wrong-routes'))
      t.is(step.state.asked, undefined)
    }
    if (this.ends > 0) t.deepEqual(step.effects, [])
    this.state = step.state
    for (const effect of step.effects) {
      if (effect.type === 'find-routes') {
        this.answers.push({ question: effect.question, result: chosen(effect.question, this.channels) })
        t.deepEqual(structuredClone(effect.question), effect.question)
      }
    }
    this.open.push(...adds(step))
    if (ended(step) !== undefined) this.ends++
    const outMsat = this.open.reduce((sum, htlc) => sum + this.#deliveredBy(htlc), 0n)
    t.true(outMsat + this.arrivedMsat <= this.amountMsat, 'more out and arrived than is to be paid')
    const live = this.state.payment.attempts.filter(({ status }) => status !== 'failed')
    t.true(live.reduce((sum, { route }) => sum + partAmounts(route).feesMsat, 0n) <= 10_000n)
    const row = encodeSentPayment(this.state.payment)
    t.deepEqual(decodeSentPayment(row), ok(this.state.payment))
  }
}

test('BOLT 4, multi-part payments — what is sent adds up to the total, and nothing is sent beyond it: whatever routes are answered, late, twice, wrong or never', (t) => {
  const room = fc.bigInt({ min: 0n, max: 900_000n })
  const deed = fc.tuple(
    fc.constantFrom('outcome', 'outcome', 'answer', 'newest', 'newest', 'overdue', 'restart', 'late'),
    fc.nat(40),
    fc.nat(90),
  )
  const plan = fc.record({
    rooms: fc.array(room, { minLength: 1, maxLength: 6 }),
    amountMsat: fc.bigInt({ min: 1n, max: 1_500_000n }),
    deeds: fc.array(deed, { minLength: 10, maxLength: 60 }),
  })
  let retries = 0
  let arrivals = 0
  let stale = 0
  fc.assert(
    fc.property(plan, ({ rooms, amountMsat, deeds }) => {
      const peers = [payee, bob, carol, dave]
      const channels = rooms.map((spendable, i) => channel(`${'x'.repeat(i + 1)}`, peers[i % 4] as TestNode, spendable))
      const play = new Play(t, channels, amountMsat)
      for (const [what, at, kind] of deeds) {
        if (what === 'outcome') play.outcome(at, kind % 5)
        else if (what === 'answer') {
          if (play.answers[at % play.answers.length]?.question.id !== play.state.asked?.id) stale++
          play.answer(at, kind)
        } else if (what === 'newest') play.answer(play.answers.length - 1, 99)
        else if (what === 'overdue' && kind % 4 === 0) {
          const { id } = (play.answers[at % play.answers.length] as (typeof play.answers)[0]).question
          play.input({ type: 'routes-overdue', question: id })
        } else if (what === 'restart' && kind % 4 === 0) play.restart(at)
        else if (what === 'late' && kind === 0) play.world = { ...play.world, now: 3_000_000 }
      }
      // In the end every part comes back, and the questions that are still out are answered, or are not.
      for (let left = 200; left > 0 && (play.open.length > 0 || play.state.asked !== undefined); left--) {
        if (play.open.length > 0) play.outcome(0, left % 2 === 0 ? 2 : 3)
        else if (left % 3 === 0) play.input({ type: 'routes-overdue', question: play.state.asked?.id ?? 0 })
        else play.answer(play.answers.length - 1, 99)
      }
      t.is(play.ends, 1)
      const { payment } = play.state
      t.not(payment.endedAt, undefined)
      t.is(payment.status, play.arrivedMsat > 0n ? 'settled' : 'failed')
      if (payment.attempts.length > 1) retries++
      if (play.arrivedMsat > 0n) arrivals++
    }),
    { seed: 10, numRuns: 500 },
  )
  // It has looked at what it is there for.
  t.true(retries > 200 && arrivals > 50 && stale > 200, `${retries} ${arrivals} ${stale}`)
})
