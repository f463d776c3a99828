import { err, ok, type Result } from '../lib/result.ts'
import type { ActorSystem } from './actor-system.ts'
import { LinkAsks } from './link-asks.ts'
import { LinkRefs } from './link-refs.ts'
import { LinkServing } from './link-serving.ts'
import { LinkWatches } from './link-watches.ts'
import { ASK_TIMEOUT_MS, NO_META } from './local-ref.ts'
import { isPacket, type Packet } from './packet.ts'
import { RefBase } from './ref.ts'
import type { ActorRef, AskFailure, AskOptions, EndReason, LinkEnd, Meta, Protocol, Transport } from './types.ts'
import { UnpackError, valueCodec } from './value-codec.ts'

export interface LinkOptions {
  readonly system: Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>
  /** The actor that the other side reaches under a path, if it may. If absent, the other side reaches only the refs that it was sent. */
  readonly expose?: (path: string) => ActorRef<Protocol> | undefined
  /** The most asks in flight, for each direction; beyond it they are answered `mailbox-full`. 10,000 if absent. */
  readonly maxAsks?: number
}

/** What carries packets: in order, each at most once. */
export interface Wire {
  /** Whether the values in packets become JSON. */
  readonly text: boolean
  /** Whether too much waits to be sent. Requests are then refused; answers never are. */
  full(): boolean
  send(packet: Packet): void
  close(): void
}

/** One end of a link between two actor systems, over any wire. */
export interface Link extends Transport {
  /** A packet has arrived. */
  receive(packet: unknown): void
  /** The wire has closed. */
  lost(end: LinkEnd): void
}

const MAX_ASKS = 10_000

export const createLink = (wire: Wire, { system, expose, maxAsks = MAX_ASKS }: LinkOptions): Link => {
  const { report } = system
  const end = Promise.withResolvers<LinkEnd>()
  let alive = true

  class LinkRef extends RefBase implements ActorRef<Protocol> {
    readonly path: string

    constructor(path: string) {
      super()
      this.path = path
    }

    tell(command: string, request: unknown, meta?: Meta): void {
      const cause = sendRequest({ type: 'tell', to: this.path, command, ...metaOf(meta) }, request)
      if (cause !== undefined) report({ type: 'message-dropped', path: this.path, command, cause })
    }

    ask(command: string, request: unknown, options?: AskOptions): Promise<Result<unknown, AskFailure>> {
      return new Promise((resolve) => ask(this.path, command, request, options, resolve))
    }

    watch(onEnd: (reason: EndReason) => void): () => void {
      return watches.watch(this.path, onEnd)
    }
  }

  const refs = new LinkRefs({
    system,
    expose,
    theirs: (path) => new LinkRef(path),
    pathOfTheirs: (ref) => (ref instanceof LinkRef ? ref.path : undefined),
  })
  const codec = valueCodec(refs, { text: wire.text })
  const send = (packet: Packet): void => wire.send(packet)
  const asks = new LinkAsks(system.clock, maxAsks)
  const watches = new LinkWatches(report, send)
  const serving = new LinkServing({ refs, codec, report, maxAsks, send })

  const sendRequest = (
    packet: Extract<Packet, { type: 'tell' | 'ask' }>,
    request: unknown,
  ): 'link-lost' | 'mailbox-full' | 'not-encodable' | undefined => {
    if (!alive) return 'link-lost'
    if (wire.full()) return 'mailbox-full'
    let packed: unknown
    try {
      packed = request === undefined ? undefined : codec.pack(request)
    } catch {
      return 'not-encodable'
    }
    wire.send(packed === undefined ? packet : { ...packet, request: packed })
    return undefined
  }

  const ask = (
    path: string,
    command: string,
    request: unknown,
    options: AskOptions | undefined,
    settle: (result: Result<unknown, AskFailure>) => void,
  ): void => {
    const timeoutMs = options?.timeoutMs ?? ASK_TIMEOUT_MS
    if (asks.full) {
      settle(err({ code: 'mailbox-full', path }))
      return
    }
    asks.begin({ path, command, timeoutMs, settle }, (id) => {
      const packet = { type: 'ask', id, to: path, command, ...metaOf(options?.meta), timeoutMs } as const
      const cause = sendRequest(packet, request)
      switch (cause) {
        case undefined:
          return undefined
        case 'mailbox-full':
          return { code: cause, path }
        case 'link-lost':
          return { code: 'actor-stopped', path }
        case 'not-encodable':
          report({ type: 'message-dropped', path, command, cause })
          return { code: 'handler-failed', path }
      }
    })
  }

  const handle = (packet: Packet): void => {
    switch (packet.type) {
      case 'tell':
        serving.tell(packet)
        break
      case 'ask':
        serving.ask(packet)
        break
      case 'answer':
        asks.answered(packet.id, () => ok(codec.unpack(packet.value)))
        break
      case 'failure':
        asks.failed(packet.id, packet.code)
        break
      case 'watch':
        serving.watch(packet.to)
        break
      case 'unwatch':
        serving.unwatch(packet.to)
        break
      case 'ended':
        watches.ended(packet.path, { code: packet.code })
    }
  }

  const lost = (reason: LinkEnd): void => {
    if (!alive) return
    alive = false
    wire.close()
    // Done first: what ends now must not be reported to the other side any more.
    serving.end()
    asks.end()
    watches.end()
    refs.clear()
    end.resolve(reason)
  }

  return {
    ref: <P extends Protocol>(path: string) => new LinkRef(path) as unknown as ActorRef<P>,
    close: () => lost({ code: 'closed' }),
    ended: end.promise,
    lost,
    receive(packet) {
      if (!alive) return
      if (!isPacket(packet)) {
        lost({ code: 'packet-malformed' })
        return
      }
      try {
        handle(packet)
      } catch (error) {
        if (!(error instanceof UnpackError)) throw error
        lost({ code: 'packet-malformed' })
      }
    },
  }
}

const metaOf = (meta: Meta | undefined): { readonly meta?: Meta } =>
  meta === undefined || meta === NO_META ? {} : { meta }
