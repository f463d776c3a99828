import { err, type Result } from '../lib/result.ts'
import type { ActorSystem } from './actor-system.ts'
import type { LinkRefs } from './link-refs.ts'
import type { Packet } from './packet.ts'
import type { AskFailure } from './types.ts'
import type { ValueCodec } from './value-codec.ts'

interface LinkServingOptions {
  readonly refs: LinkRefs
  readonly codec: ValueCodec
  readonly report: ActorSystem<never>['report']
  readonly maxAsks: number
  readonly send: (packet: Packet) => void
}

/** What the other side asks of our actors. */
export class LinkServing {
  readonly #options: LinkServingOptions
  readonly #watched = new Map<string, () => void>()
  #asks = 0
  #over = false

  constructor(options: LinkServingOptions) {
    this.#options = options
  }

  tell({ to: path, command, request, meta }: Extract<Packet, { readonly type: 'tell' }>): void {
    const { refs, codec, report } = this.#options
    const unpacked = codec.unpack(request)
    const ref = refs.resolve(path)
    if (ref !== undefined) ref.tell(command, unpacked, meta)
    else report({ type: 'message-dropped', path, command, cause: 'actor-stopped' })
  }

  ask({ id, to, command, request, meta, timeoutMs }: Extract<Packet, { readonly type: 'ask' }>): void {
    const { refs, codec, maxAsks } = this.#options
    const ref = refs.resolve(to)
    const unpacked = codec.unpack(request)
    if (ref === undefined || this.#asks >= maxAsks) {
      this.#answer(id, to, command, err({ code: ref === undefined ? 'actor-stopped' : 'mailbox-full', path: to }))
      return
    }
    this.#asks += 1
    void ref.ask(command, unpacked, { timeoutMs, ...(meta !== undefined && { meta }) }).then((result) => {
      this.#asks -= 1
      this.#answer(id, to, command, result)
    })
  }

  watch(path: string): void {
    const { refs, send } = this.#options
    if (this.#watched.has(path)) return
    const ref = refs.resolve(path)
    if (ref === undefined) {
      send({ type: 'ended', path, code: 'stopped' })
      return
    }
    let ended = false
    const unwatch = ref.watch(({ code }) => {
      ended = true
      this.#watched.delete(path)
      if (!this.#over) send({ type: 'ended', path, code })
    })
    if (!ended) this.#watched.set(path, unwatch)
  }

  unwatch(path: string): void {
    this.#watched.get(path)?.()
    this.#watched.delete(path)
  }

  /** The link has ended: nothing is answered from here on. */
  end(): void {
    this.#over = true
    for (const unwatch of this.#watched.values()) unwatch()
    this.#watched.clear()
  }

  #answer(id: number, path: string, command: string, result: Result<unknown, AskFailure>): void {
    if (this.#over) return
    const { codec, report, send } = this.#options
    if (!result.ok) {
      send({ type: 'failure', id, code: result.error.code, path })
      return
    }
    try {
      const { value } = result
      send(value === undefined ? { type: 'answer', id } : { type: 'answer', id, value: codec.pack(value) })
    } catch {
      report({ type: 'message-dropped', path, command, cause: 'not-encodable' })
      send({ type: 'failure', id, code: 'handler-failed', path })
    }
  }
}
