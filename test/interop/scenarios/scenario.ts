import type { Ability } from '../drivers/driver.ts'
import type { Stage } from '../stage/stage.ts'

/** Who does what the title says: our node, the peer, or both of them. */
export type Role = 'both' | 'peer' | 'we'

/** Something that must hold between our node and any peer, tried in the same way with each. */
export interface Scenario {
  readonly group: string
  /** What is true, of "the peer". Titles are unique: the table goes by them. */
  readonly title: string
  readonly role: Role
  /** What the peer must be able to do for it. */
  readonly needs?: readonly Ability[]
  /** What a peer of another implementation must be able to do, which takes part in it as well. */
  readonly besideNeeds?: readonly Ability[]
  /** The peers are started for it alone: it leaves them in a state in which others could not go on. */
  readonly ownPeers?: true
  /** For what takes longer than the runner's own limit. */
  readonly timeoutMs?: number
  run(stage: Stage): Promise<void>
}

/** Declares the scenarios of one group. */
export const group = (title: string, scenarios: readonly Omit<Scenario, 'group'>[]): readonly Scenario[] =>
  scenarios.map((scenario) => ({ group: title, ...scenario }))
