import { err, type Result } from '../lib/result.ts'
import type { ActorSystem } from './actor-system.ts'
import { DeadRef } from './dead-ref.ts'
import { RefBase } from './ref.ts'
import type { ActorRef, AskFailure, AskOptions, EndReason, LinkEnd, Meta, Protocol, Transport } from './types.ts'

type Host = Pick<ActorSystem<never>, 'find' | 'report'>

/** Refs by path to actors of the same process: nothing is copied, nothing is encoded. */
export const inProcessTransport = (system: Host): Transport => {
  const end = Promise.withResolvers<LinkEnd>()
  const watchers = new Set<(reason: EndReason) => void>()
  const inFlight = new Set<() => void>()
  let alive = true

  const target = (path: string): ActorRef<Protocol> =>
    (alive ? system.find(path) : undefined) ?? new DeadRef(path, system.report)

  class PathRef extends RefBase implements ActorRef<Protocol> {
    readonly path: string

    constructor(path: string) {
      super()
      this.path = path
    }

    tell(command: string, request: unknown, meta?: Meta): void {
      target(this.path).tell(command, request, meta)
    }

    ask(command: string, request: unknown, options?: AskOptions): Promise<Result<unknown, AskFailure>> {
      return new Promise((resolve) => {
        const lose = (): void => resolve(err({ code: 'actor-stopped', path: this.path }))
        inFlight.add(lose)
        void target(this.path)
          .ask(command, request, options)
          .then((result) => {
            inFlight.delete(lose)
            resolve(result)
          })
      })
    }

    watch(onEnd: (reason: EndReason) => void): () => void {
      const watcher = (reason: EndReason): void => {
        if (!watchers.delete(watcher)) return
        try {
          onEnd(reason)
        } catch (error) {
          system.report({ type: 'callback-threw', callback: 'watch', path: this.path, error })
        }
      }
      watchers.add(watcher)
      if (!alive) watcher({ code: 'link-lost' })
      const unwatch = target(this.path).watch(watcher)
      return () => {
        watchers.delete(watcher)
        unwatch()
      }
    }
  }

  return {
    ref: <P extends Protocol>(path: string) => new PathRef(path) as unknown as ActorRef<P>,
    close() {
      if (!alive) return
      alive = false
      for (const lose of inFlight) lose()
      for (const watcher of [...watchers]) watcher({ code: 'link-lost' })
      end.resolve({ code: 'closed' })
    },
    ended: end.promise,
  }
}
