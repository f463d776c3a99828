/** What a machine makes of an input. A part of the state that is the same object as before needs no writing. */
export interface Step<State, Effect> {
  readonly state: State
  /** In order; to be released as the rules of durability have it. */
  readonly effects: readonly Effect[]
}
