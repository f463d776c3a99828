/** What the plugin remembers. */
export interface PluginState {
  /** Payment hashes. */
  readonly held: readonly string[]
  readonly failing: readonly string[]
  readonly refusesOpenings: boolean
  /** Uses channels of others before their funding confirms. */
  readonly trustsOpeners: boolean
}

/** The methods that it adds to Core Lightning's own. */
export const PLUGIN_METHODS = {
  hold: 'test-hold',
  isHeld: 'test-is-held',
  settle: 'test-settle',
  fail: 'test-fail',
  refuseOpenings: 'test-refuse-openings',
  trustOpeners: 'test-trust-openers',
} as const
