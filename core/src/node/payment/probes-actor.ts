import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import type { SettleEffect } from '../../channel/index.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import { type Err, err, ok, type Result } from '../../lib/result.ts'
import { mayProbe, type ProbeRecord } from '../../payment/probe/probe.ts'
import { decodeProbe, encodeProbe } from '../../payment/probe/probe-codec.ts'
import { parseProbeReference, probeReference } from '../../payment/probe/probe-reference.ts'
import type { PaymentRequest, SentPayment } from '../../payment/send/payment.ts'
import { resting, startPayment } from '../../payment/send/send-machine.ts'
import type { SendInput, SendingEffect, SendState } from '../../payment/send/send-protocol.ts'
import type { Step } from '../../payment/step.ts'
import type { Store } from '../../store/store.ts'
import { outboxDeletion } from '../channel/settlement-outbox.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { reportProbed } from './report-probe.ts'
import { type AddedInput, Sending, type SendingServices } from './sending.ts'

interface ProbeAsked {
  readonly request: PaymentRequest
  readonly owner: string | undefined
}

/** What whoever sends probes is told and asked. */
export type ProbesProtocol = {
  /** Answers when all of it has come back. */
  probe: { readonly request: ProbeAsked; readonly reply: Result<ProbeRecord, { readonly code: 'too-many-probes' }> }
  /** The one that was asked under this key, when all of it has come back; `undefined` if there is none. */
  ended: { readonly request: { readonly key: string }; readonly reply: ProbeRecord | undefined }
  /** Those of which something is out, the newest first. */
  underWay: { readonly request: Record<string, never>; readonly reply: readonly ProbeRecord[] }
  settled: { readonly request: SettleEffect; readonly reply: void }
  added: { readonly request: { readonly hash: string; readonly input: AddedInput }; readonly reply: void }
  /** At the start, before any peer is connected: which attempts are held by some channel or outbox row, by payment hash. */
  resume: { readonly request: { readonly held: Readonly<Record<string, readonly number[]>> }; readonly reply: void }
}

export const PROBES_LANES = { settled: 'priority', added: 'priority', resume: 'priority' } as const

/** The probes under way in the store. */
const readProbes = async (store: Store): Promise<readonly ProbeRecord[]> =>
  (await store.scan(TABLE.probe)).map(({ key, value }) => readRow(TABLE.probe, key, decodeProbe(value)))

type TooMany = Err<{ readonly code: 'too-many-probes' }>

interface Live {
  readonly owner: string | undefined
  readonly send: SendState
  readonly told: Promise<ProbeRecord>
  readonly tell: (ended: ProbeRecord) => void
}

/** Sends probes: the machine of payments, with rows of its own and no place in any list of payments. */
export const probesBehaviour =
  (services: SendingServices): BehaviourFactory<ProbesProtocol> =>
  (context) =>
    new ProbesDriver(services, context).behaviour()

class ProbesDriver {
  readonly #services: SendingServices
  readonly #sending: Sending
  /** By payment hash, in the order in which they were begun. */
  readonly #live = new Map<string, Live>()

  constructor(services: SendingServices, context: ActorContext<ProbesProtocol>) {
    this.#services = services
    this.#sending = new Sending(services, {
      added: (hash, input) => context.self.tell('added', { hash, input }),
      // Routes are given: none are searched for.
      searched: () => {},
      searchedLater: () => () => {},
    })
  }

  behaviour(): Behaviour<ProbesProtocol> {
    return {
      handlers: {
        probe: (asked) => this.#probe(asked),
        ended: ({ key }) => [...this.#live.values()].find(({ send }) => send.payment.key === key)?.told,
        underWay: () => [...this.#live.values()].map(recordOf).reverse(),
        settled: (effect) => {
          const { origin, outcome } = effect
          const reference = origin.type === 'local' ? parseProbeReference(origin.payment) : undefined
          if (reference !== undefined) {
            const { paymentHash, attempt } = reference
            this.#input(toHex(paymentHash), { type: 'settled', attempt, outcome })
          }
          // Also of one that has no row any more, as after a database was put back.
          this.#services.store.submit([outboxDeletion(effect)])
        },
        added: ({ hash, input }) => this.#input(hash, input),
        resume: ({ held }) => this.#resume(held),
      },
    }
  }

  #probe({ request, owner }: ProbeAsked): TooMany | Promise<Result<ProbeRecord, never>> {
    const parts = 1 + (request.moreRoutes?.length ?? 0)
    if (!mayProbe([...this.#live.values()].map(recordOf), owner, parts)) return err({ code: 'too-many-probes' })
    const started = startPayment(undefined, request, this.#sending.env())
    invariant(started.ok, 'a payment that is new begins')
    const hash = toHex(request.target.paymentHash)
    const live = this.#keep(hash, owner, started.value.state)
    this.#apply(hash, undefined, started.value)
    return live.told.then(ok)
  }

  #keep(hash: string, owner: string | undefined, send: SendState): Live {
    const { promise: told, resolve: tell } = Promise.withResolvers<ProbeRecord>()
    const live = { owner, send, told, tell }
    this.#live.set(hash, live)
    return live
  }

  #input(hash: string, input: SendInput): void {
    const live = this.#live.get(hash)
    if (live !== undefined) this.#apply(hash, live.send.payment, this.#sending.step(live.send, input))
  }

  #apply(hash: string, before: SentPayment | undefined, step: Step<SendState, SendingEffect>): void {
    const live = this.#live.get(hash)
    if (live === undefined) return
    const { state, effects } = this.#sending.withAnswers(hash, step)
    const next = { ...live, send: state }
    const record = recordOf(next)
    const key = fromHex(hash)
    if (record.payment.endedAt !== undefined) {
      this.#live.delete(hash)
      this.#services.store.submit([{ table: TABLE.probe, key, value: undefined }], () => live.tell(record))
      reportProbed(this.#services.events, record)
      return
    }
    this.#live.set(hash, next)
    // The row is submitted before any channel is told: no commit holds the HTLC without it.
    if (record.payment !== before)
      this.#services.store.submit([{ table: TABLE.probe, key, value: encodeProbe(record) }])
    for (const effect of effects)
      if (effect.type === 'add-htlc')
        void this.#sending.offer(hash, effect, probeReference(effect.paymentHash, effect.attempt))
  }

  async #resume(held: Readonly<Record<string, readonly number[]>>): Promise<void> {
    for (const { owner, payment } of await readProbes(this.#services.store)) {
      const hash = toHex(payment.target.paymentHash)
      this.#keep(hash, owner, resting(payment))
      // What no channel has is not waited for: nothing of a probe is made up for, and nobody's money depends on it.
      this.#input(hash, { type: 'resumed', held: held[hash] ?? [] })
    }
  }
}

const recordOf = ({ owner, send: { payment } }: Live): ProbeRecord => ({
  ...(owner === undefined ? {} : { owner }),
  payment,
})
