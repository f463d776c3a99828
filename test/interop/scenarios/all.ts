import { connecting } from './connecting.ts'
import { failing } from './failing.ts'
import { fees } from './fees.ts'
import { opening } from './opening.ts'
import { paying } from './paying.ts'
import { reconnecting } from './reconnecting.ts'
import { relaying } from './relaying.ts'
import { restartingUs } from './restarting-us.ts'
import type { Scenario } from './scenario.ts'
import { storm } from './storm.ts'

/** All that is tried with every peer, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  ...connecting,
  ...opening,
  ...paying,
  ...failing,
  ...relaying,
  ...fees,
  ...reconnecting,
  ...storm,
  ...restartingUs,
]
