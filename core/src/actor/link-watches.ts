import type { ActorSystem } from './actor-system.ts'
import type { Packet } from './packet.ts'
import type { EndReason } from './types.ts'

type Watcher = (reason: EndReason) => void
type WatchPacket = Extract<Packet, { readonly type: 'watch' | 'unwatch' }>

/** Which of our watchers watch which actors of the other side. Each path is watched over the link once. */
export class LinkWatches {
  readonly #report: ActorSystem<never>['report']
  readonly #send: (packet: WatchPacket) => void
  readonly #watchers = new Map<string, Set<Watcher>>()
  #over = false

  constructor(report: ActorSystem<never>['report'], send: (packet: WatchPacket) => void) {
    this.#report = report
    this.#send = send
  }

  watch(path: string, onEnd: Watcher): () => void {
    const watcher = (reason: EndReason): void => {
      try {
        onEnd(reason)
      } catch (error) {
        this.#report({ type: 'callback-threw', callback: 'watch', path, error })
      }
    }
    if (this.#over) {
      watcher({ code: 'link-lost' })
      return () => {}
    }
    const known = this.#watchers.get(path)
    const all = known ?? new Set()
    all.add(watcher)
    if (known === undefined) {
      this.#watchers.set(path, all)
      this.#send({ type: 'watch', to: path })
    }
    return () => {
      if (!all.delete(watcher) || all.size > 0 || this.#watchers.get(path) !== all) return
      this.#watchers.delete(path)
      if (!this.#over) this.#send({ type: 'unwatch', to: path })
    }
  }

  /** The actor, or the link to it, has ended. */
  ended(path: string, reason: EndReason): void {
    const all = this.#watchers.get(path)
    this.#watchers.delete(path)
    if (all !== undefined) for (const watcher of [...all]) watcher(reason)
  }

  /** The link has ended. */
  end(): void {
    this.#over = true
    for (const path of [...this.#watchers.keys()]) this.ended(path, { code: 'link-lost' })
  }
}
