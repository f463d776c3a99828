import { toHex } from '../../lib/bytes.ts'
import { err } from '../../lib/result.ts'
import type { BlockHeight, Msat } from '../../lib/units.ts'
import type { RelayedHtlc, RelayQuestion, RelayVerdict } from '../../payment/relay/relay-protocol.ts'
import { partAmounts, type Route, type RouteHop } from '../../payment/send/payment.ts'
import type { FoundRoutes, RouteQuestion } from '../../payment/send/route-question.ts'
import type { TrampolineRelayRecord } from '../../payment/trampoline/trampoline-protocol.ts'
import type { RelayDecisions } from './relay-decisions.ts'
import type { RouteFinder } from './route-searches.ts'
import type { StartWait } from './start-wait.ts'

export type Refused = Extract<RelayVerdict, { readonly type: 'fail' }>

interface TrampolineRoutesOptions {
  readonly finder: RouteFinder
  readonly decisions: RelayDecisions
  readonly start: StartWait
  readonly height: () => BlockHeight
  readonly recordOf: (relay: string) => TrampolineRelayRecord | undefined
  /** Whether a plugin has refused it: then nothing more goes out, and what is out is waited for. */
  readonly isRefused: (relay: string) => boolean
  readonly refused: (relay: string, verdict: Refused) => void
}

/** Finds the routes of trampoline relays: such that no plugin refuses, and at a start only once there may be any. */
export class TrampolineRoutes {
  readonly #options: TrampolineRoutesOptions

  constructor(options: TrampolineRoutesOptions) {
    this.#options = options
  }

  find(relay: string, question: RouteQuestion): FoundRoutes | Promise<FoundRoutes> {
    if (this.#options.isRefused(relay)) return err({ code: 'route-search-failed' })
    const found = this.#options.finder(question)
    if (!('ok' in found)) return found.then((later) => this.#settled(relay, question, later))
    return this.#settled(relay, question, found)
  }

  #settled(relay: string, question: RouteQuestion, found: FoundRoutes): FoundRoutes | Promise<FoundRoutes> {
    if (found.ok) return this.#ifAllowed(relay, question, found.value)
    // At a start no peer is connected: that no way leads on says nothing yet.
    const { start } = this.#options
    return start.isPeerMissing() ? start.changed().then(() => this.find(relay, question)) : found
  }

  #ifAllowed(relay: string, question: RouteQuestion, routes: readonly Route[]): FoundRoutes | Promise<FoundRoutes> {
    const { decisions, recordOf, height } = this.#options
    const record = recordOf(relay)
    if (record === undefined) return { ok: true, value: routes }
    const wanted = forwardQuestions(record, question, routes, height()).filter(decisions.isAsked)
    if (wanted.length === 0) return { ok: true, value: routes }
    return Promise.all(wanted.map(decisions.decide)).then((verdicts): FoundRoutes => {
      const refused = verdicts.find((verdict) => verdict.type === 'fail')
      if (refused === undefined) return { ok: true, value: routes }
      this.#options.refused(relay, refused)
      return err({ code: 'route-search-failed' })
    })
  }
}

/** What plugins are asked: of each channel that it came in by, and each that it would go out of, all HTLCs together. */
const forwardQuestions = (
  { paymentHash, incoming, payment }: TrampolineRelayRecord,
  { feeBudgetMsat }: RouteQuestion,
  routes: readonly Route[],
  height: BlockHeight,
): readonly RelayQuestion[] => {
  // Which attempts are out is what the question knows: the record may be from before it was asked.
  const outMsat = payment.maxFeeMsat - feeBudgetMsat
  const feesMsat = sum([outMsat, ...routes.map((route) => partAmounts(route).feesMsat)])
  const trampolineFeeMsat = sum(incoming.map(({ amountMsat }) => amountMsat)) - payment.target.amountMsat - feesMsat
  const outgoing = byChannel(
    routes.map(({ channelId, hops }) => {
      const { amountMsat, cltvExpiry } = hops[0] as RouteHop
      return { channelId, amountMsat, cltvExpiry }
    }),
    Math.max,
  )
  return byChannel(incoming, Math.min).flatMap((into) =>
    outgoing.map((out) => ({ paymentHash, incoming: into, outgoing: out, trampolineFeeMsat, height })),
  )
}

/** The HTLCs of a channel as one: their sum, with the id of the first. `expiry` takes the decisive one. */
const byChannel = <Htlc extends Omit<RelayedHtlc, 'htlcId'>>(
  htlcs: readonly Htlc[],
  expiry: (a: number, b: number) => number,
): readonly Htlc[] => {
  const joined = new Map<string, Htlc>()
  for (const htlc of htlcs) {
    const name = toHex(htlc.channelId)
    const before = joined.get(name)
    const amountMsat = (before?.amountMsat ?? 0n) + htlc.amountMsat
    const cltvExpiry = before === undefined ? htlc.cltvExpiry : expiry(before.cltvExpiry, htlc.cltvExpiry)
    joined.set(name, { ...(before ?? htlc), amountMsat, cltvExpiry })
  }
  return [...joined.values()]
}

const sum = (amounts: readonly Msat[]): Msat => amounts.reduce((total, amount) => total + amount, 0n)
