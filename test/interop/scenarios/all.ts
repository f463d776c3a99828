import { opening } from './opening.ts'
import { paying } from './paying.ts'
import type { Scenario } from './scenario.ts'

/** All that is tried with every peer, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [...opening, ...paying]
