import type { CancelTimer } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { ActorSystem } from './actor-system.ts'
import { DeadRef } from './dead-ref.ts'
import { ASK_TIMEOUT_MS, NO_META } from './local-ref.ts'
import { type FailureCode, isPacket, type Packet } from './packet.ts'
import { RefBase } from './ref.ts'
import type {
  ActorRef,
  AnyActorRef,
  AskFailure,
  AskOptions,
  EndReason,
  LinkEnd,
  Meta,
  Protocol,
  Transport,
} from './types.ts'
import { UnpackError, type ValueCodec, valueCodec } from './value-codec.ts'

export interface LinkOptions {
  readonly system: Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>
  /**
   * The actor that the other side reaches under a path, if it may. Without it the other side reaches only the refs that
   * it was sent.
   */
  readonly expose?: (path: string) => ActorRef<Protocol> | undefined
  /** Asks in flight, each way, past which more are answered `mailbox-full`; 10,000 if absent. */
  readonly maxAsks?: number
}

/** What carries packets: in order, each once at most. */
export interface Wire {
  /** Whether the values in packets become JSON. */
  readonly text: boolean
  /** Whether more than a fair amount waits to be sent. Requests are refused then; answers never are. */
  full(): boolean
  send(packet: Packet): void
  close(): void
}

/** One end of a link between two actor systems, whatever the wire. */
export interface Link extends Transport {
  /** What the wire brought. */
  receive(packet: unknown): void
  /** The wire is no more. */
  lost(end: LinkEnd): void
}

interface Pending {
  readonly path: string
  readonly command: string
  readonly timeoutMs: number
  readonly settle: (result: Result<unknown, AskFailure>) => void
}

const MAX_ASKS = 10_000

export const createLink = (wire: Wire, { system, expose, maxAsks = MAX_ASKS }: LinkOptions): Link => {
  const pending = new Map<number, Pending>()
  const watchers = new Map<string, Set<(reason: EndReason) => void>>()
  const exported = new Map<string, AnyActorRef>()
  const watchedByThem = new Map<string, () => void>()
  const end = Promise.withResolvers<LinkEnd>()
  let nextId = 0
  let nextAlias = 0
  let asksByThem = 0
  let alive = true

  // -- refs

  class LinkRef extends RefBase implements ActorRef<Protocol> {
    readonly path: string

    constructor(path: string) {
      super()
      this.path = path
    }

    tell(command: string, request: unknown, meta?: Meta): void {
      const cause = sendRequest({ type: 'tell', to: this.path, command, ...metaOf(meta) }, request)
      if (cause !== undefined) system.report({ type: 'message-dropped', path: this.path, command, cause })
    }

    ask(command: string, request: unknown, options?: AskOptions): Promise<Result<unknown, AskFailure>> {
      return new Promise((resolve) => ask(this.path, command, request, options, resolve))
    }

    watch(onEnd: (reason: EndReason) => void): () => void {
      return watch(this.path, onEnd)
    }
  }

  const exportPath = (ref: AnyActorRef): string => {
    if (system.find(ref.path) === ref) return ref.path
    for (const [path, known] of exported) if (known === ref) return path
    // A ref of another link: its path may be taken here.
    nextAlias += 1
    return `/~${nextAlias}${ref.path}`
  }

  const codec: ValueCodec = valueCodec(
    {
      pack(ref) {
        if (ref instanceof LinkRef) return { $h: ref.path }
        const path = exportPath(ref)
        if (!exported.has(path)) {
          exported.set(path, ref)
          ref.watch(() => void (exported.get(path) === ref && exported.delete(path)))
        }
        return { $r: path }
      },
      unpackTheirs: (path) => new LinkRef(path),
      unpackOurs: (path) => resolve(path) ?? new DeadRef(path, system.report),
    },
    { text: wire.text },
  )

  const resolve = (path: string): ActorRef<Protocol> | undefined =>
    (exported.get(path) as ActorRef<Protocol> | undefined) ?? expose?.(path)

  // -- our requests

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
    resolve: Pending['settle'],
  ): void => {
    const timeoutMs = options?.timeoutMs ?? ASK_TIMEOUT_MS
    if (pending.size >= maxAsks) {
      resolve(err({ code: 'mailbox-full', path }))
      return
    }
    const id = nextId
    nextId += 1
    let cancel: CancelTimer | undefined
    const settle: Pending['settle'] = (result) => {
      cancel?.()
      pending.delete(id)
      resolve(result)
    }
    pending.set(id, { path, command, timeoutMs, settle })
    const packet = { type: 'ask', id, to: path, command, ...metaOf(options?.meta), timeoutMs } as const
    const cause = sendRequest(packet, request)
    if (cause === undefined) {
      cancel = system.clock.setTimer(timeoutMs, () => settle(err({ code: 'ask-timeout', path, timeoutMs })))
    } else if (cause === 'mailbox-full') {
      settle(err({ code: cause, path }))
    } else if (cause === 'link-lost') {
      settle(err({ code: 'actor-stopped', path }))
    } else {
      system.report({ type: 'message-dropped', path, command, cause })
      settle(err({ code: 'handler-failed', path }))
    }
  }

  const watch = (path: string, onEnd: (reason: EndReason) => void): (() => void) => {
    const watcher = (reason: EndReason): void => {
      try {
        onEnd(reason)
      } catch (error) {
        system.report({ type: 'callback-threw', callback: 'watch', path, error })
      }
    }
    if (!alive) {
      watcher({ code: 'link-lost' })
      return () => {}
    }
    const known = watchers.get(path)
    const all = known ?? new Set()
    all.add(watcher)
    if (known === undefined) {
      watchers.set(path, all)
      wire.send({ type: 'watch', to: path })
    }
    return () => {
      if (!all.delete(watcher) || all.size > 0 || watchers.get(path) !== all) return
      watchers.delete(path)
      if (alive) wire.send({ type: 'unwatch', to: path })
    }
  }

  const ended = (path: string, reason: EndReason): void => {
    const all = watchers.get(path)
    watchers.delete(path)
    if (all !== undefined) for (const watcher of [...all]) watcher(reason)
  }

  // -- their requests

  const answer = (id: number, path: string, command: string, result: Result<unknown, AskFailure>): void => {
    if (!alive) return
    if (!result.ok) {
      wire.send({ type: 'failure', id, code: result.error.code, path })
      return
    }
    try {
      const { value } = result
      wire.send(value === undefined ? { type: 'answer', id } : { type: 'answer', id, value: codec.pack(value) })
    } catch {
      system.report({ type: 'message-dropped', path, command, cause: 'not-encodable' })
      wire.send({ type: 'failure', id, code: 'handler-failed', path })
    }
  }

  const receiveAsk = ({ id, to, command, request, meta, timeoutMs }: Extract<Packet, { type: 'ask' }>): void => {
    const ref = resolve(to)
    const unpacked = codec.unpack(request)
    if (ref === undefined || asksByThem >= maxAsks) {
      answer(id, to, command, err({ code: ref === undefined ? 'actor-stopped' : 'mailbox-full', path: to }))
      return
    }
    asksByThem += 1
    void ref.ask(command, unpacked, { timeoutMs, ...(meta !== undefined && { meta }) }).then((result) => {
      asksByThem -= 1
      answer(id, to, command, result)
    })
  }

  const receiveWatch = (path: string): void => {
    if (watchedByThem.has(path)) return
    const ref = resolve(path)
    if (ref === undefined) {
      wire.send({ type: 'ended', path, code: 'stopped' })
      return
    }
    let over = false
    const unwatch = ref.watch(({ code }) => {
      over = true
      watchedByThem.delete(path)
      if (alive) wire.send({ type: 'ended', path, code })
    })
    if (!over) watchedByThem.set(path, unwatch)
  }

  const handle = (packet: Packet): void => {
    switch (packet.type) {
      case 'tell': {
        const { to: path, command, meta } = packet
        const request = codec.unpack(packet.request)
        const ref = resolve(path)
        if (ref !== undefined) ref.tell(command, request, meta)
        else system.report({ type: 'message-dropped', path, command, cause: 'actor-stopped' })
        return
      }
      case 'ask':
        receiveAsk(packet)
        return
      case 'answer':
        // An answer past its deadline finds nobody waiting.
        pending.get(packet.id)?.settle(ok(codec.unpack(packet.value)))
        return
      case 'failure': {
        const waiting = pending.get(packet.id)
        waiting?.settle(err(failureOf(packet.code, waiting)))
        return
      }
      case 'watch':
        receiveWatch(packet.to)
        return
      case 'unwatch':
        watchedByThem.get(packet.to)?.()
        watchedByThem.delete(packet.to)
        return
      case 'ended':
        ended(packet.path, { code: packet.code })
    }
  }

  const lost = (reason: LinkEnd): void => {
    if (!alive) return
    alive = false
    wire.close()
    for (const { path, settle } of [...pending.values()]) settle(err({ code: 'actor-stopped', path }))
    for (const path of [...watchers.keys()]) ended(path, { code: 'link-lost' })
    for (const unwatch of watchedByThem.values()) unwatch()
    watchedByThem.clear()
    exported.clear()
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

const failureOf = (code: FailureCode, { path, command, timeoutMs }: Pending): AskFailure => {
  if (code === 'unknown-command') return { code, path, command }
  return code === 'ask-timeout' ? { code, path, timeoutMs } : { code, path }
}
