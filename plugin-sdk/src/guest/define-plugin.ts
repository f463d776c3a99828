import type { PluginApi } from './plugin-api.ts'

/** What a plugin's entry exports as its default. */
export interface PluginDefinition<Config = Readonly<Record<string, unknown>>> {
  readonly setup: (api: PluginApi<Config>) => void
}

/**
 * Declares a plugin. `setup` runs once when the plugin starts: it subscribes, registers and schedules, and returns. It is
 * synchronous; what has to wait belongs into handlers.
 */
export const definePlugin = <Config = Readonly<Record<string, unknown>>>(
  setup: (api: PluginApi<Config>) => void,
): PluginDefinition<Config> => ({ setup })
