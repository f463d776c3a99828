import type { ActorSystem } from './actor-system.ts'
import { DeadRef } from './dead-ref.ts'
import type { ActorRef, AnyActorRef, Protocol } from './types.ts'
import type { RefCodec } from './value-codec.ts'

interface LinkRefsOptions {
  readonly system: Pick<ActorSystem<never>, 'find' | 'report'>
  readonly expose: ((path: string) => ActorRef<Protocol> | undefined) | undefined
  /** A ref to an actor of the other side. */
  readonly theirs: (path: string) => AnyActorRef
  /** The path of a ref; `undefined` if the ref is not of this link. */
  readonly pathOfTheirs: (ref: AnyActorRef) => string | undefined
}

/** How refs cross a link, and which of our actors the other side reaches under which path. */
export class LinkRefs implements RefCodec {
  readonly #options: LinkRefsOptions
  readonly #exported = new Map<string, AnyActorRef>()
  #aliases = 0

  constructor(options: LinkRefsOptions) {
    this.#options = options
  }

  pack(ref: AnyActorRef): { readonly $r: string } | { readonly $h: string } {
    const theirs = this.#options.pathOfTheirs(ref)
    if (theirs !== undefined) return { $h: theirs }
    const path = this.#export(ref)
    if (!this.#exported.has(path)) {
      this.#exported.set(path, ref)
      ref.watch(() => void (this.#exported.get(path) === ref && this.#exported.delete(path)))
    }
    return { $r: path }
  }

  unpackTheirs(path: string): AnyActorRef {
    return this.#options.theirs(path)
  }

  unpackOurs(path: string): AnyActorRef {
    return this.resolve(path) ?? new DeadRef(path, this.#options.system.report)
  }

  /** The actor that the other side means; `undefined` if it may not reach one at that path. */
  resolve(path: string): ActorRef<Protocol> | undefined {
    return (this.#exported.get(path) as ActorRef<Protocol> | undefined) ?? this.#options.expose?.(path)
  }

  clear(): void {
    this.#exported.clear()
  }

  #export(ref: AnyActorRef): string {
    if (this.#options.system.find(ref.path) === ref) return ref.path
    for (const [path, known] of this.#exported) if (known === ref) return path
    // A ref of another link: its path may already be used here.
    this.#aliases += 1
    return `/~${this.#aliases}${ref.path}`
  }
}
