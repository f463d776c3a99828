import type { CancelTimer, Clock } from '../lib/clock.ts'
import { textBytes } from './account.ts'
import type { PluginSource } from './plugin-source.ts'

const KEPT_MS = 600_000
const KEPT_BYTES = 32 << 20

interface Kept {
  readonly path: string
  readonly plugin: PluginSource
  readonly cancel: CancelTimer
}

/**
 * Plugins that were read and shown to the operator, who has not answered yet. What was shown is what is installed, whatever happens to
 * its folder meanwhile. Only the latest are kept, for a short time; a plugin that was dropped has to be shown again.
 */
export class ShownPlugins {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  keep(digest: string, path: string, plugin: PluginSource): void {
    this.#drop(digest)
    const cancel = this.#clock.setTimer(KEPT_MS, () => this.#drop(digest))
    this.#kept.set(digest, { path, plugin, cancel })
    let bytes = 0
    for (const [older, { plugin }] of [...this.#kept].reverse()) {
      bytes += textBytes(plugin.code) + textBytes(plugin.sourceMap)
      if (bytes > KEPT_BYTES && older !== digest) this.#drop(older)
    }
  }

  /** Takes what was shown of this folder under this digest. */
  take(digest: string, path: string): PluginSource | undefined {
    const kept = this.#kept.get(digest)
    if (kept?.path !== path) return undefined
    this.#drop(digest)
    return kept.plugin
  }

  close(): void {
    for (const digest of [...this.#kept.keys()]) this.#drop(digest)
  }

  #drop(digest: string): void {
    this.#kept.get(digest)?.cancel()
    this.#kept.delete(digest)
  }
}
