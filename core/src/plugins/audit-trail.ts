import { type HostStore, keys } from './host-store.ts'
import type { Manifest } from './manifest.ts'
import type { AskOptions } from './outbox.ts'

/** Keeps what a plugin asked to be done, and every verdict of its, with what came of it. */
export class AuditTrail {
  readonly #store: HostStore
  readonly #manifest: Manifest
  readonly #onError: (thrown: unknown) => void
  #count = 0

  constructor(store: HostStore, manifest: Manifest, onError: (thrown: unknown) => void) {
    this.#store = store
    this.#manifest = manifest
    this.#onError = onError
  }

  add(at: number, operation: string, request: unknown, { reason, causes, key }: AskOptions, outcome: string): void {
    const { name, version } = this.#manifest
    this.#count += 1
    const row = JSON.stringify({ at, plugin: name, version, operation, request, reason, causes, key, outcome })
    this.#store.put([[keys.audit(name, at, this.#count), row]]).catch(this.#onError)
  }
}
