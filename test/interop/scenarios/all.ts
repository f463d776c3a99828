import { announcing } from './announcing.ts'
import { betweenImplementations } from './between.ts'
import { closing } from './closing.ts'
import { connecting } from './connecting.ts'
import { crowded } from './crowded.ts'
import { cuts } from './cuts.ts'
import { errors } from './errors.ts'
import { failing } from './failing.ts'
import { fees } from './fees.ts'
import { forceClosing } from './force-closing.ts'
import { holding } from './holding.ts'
import { keysend } from './keysend.ts'
import { offers } from './offers.ts'
import { opening } from './opening.ts'
import { overThePeer } from './over-the-peer.ts'
import { particulars } from './particular.ts'
import { paying } from './paying.ts'
import { probing } from './probing.ts'
import { reconnecting } from './reconnecting.ts'
import { recovering } from './recovering.ts'
import { refunds } from './refunds.ts'
import { refusing } from './refusing.ts'
import { relaying } from './relaying.ts'
import { restartingPeer } from './restarting-peer.ts'
import { restartingUs } from './restarting-us.ts'
import type { Scenario } from './scenario.ts'
import { sickChannels } from './sick-channels.ts'
import { storm } from './storm.ts'
import { talking } from './talking.ts'
import { unusualAsks } from './unusual-asks.ts'

/** All that is tried with every peer, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  ...connecting,
  ...opening,
  ...announcing,
  ...paying,
  ...keysend,
  ...holding,
  ...offers,
  ...refunds,
  ...failing,
  ...relaying,
  ...refusing,
  ...probing,
  ...overThePeer,
  ...betweenImplementations,
  ...crowded,
  ...talking,
  ...fees,
  ...reconnecting,
  ...storm,
  ...restartingUs,
  ...restartingPeer,
  ...recovering,
  ...closing,
  ...forceClosing,
  ...sickChannels,
  ...errors,
  ...particulars,
  ...cuts,
  ...unusualAsks,
]
