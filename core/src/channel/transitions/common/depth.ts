import type { BlockHeight } from '../../../lib/units.ts'
import type { ChannelEnv } from '../../state/environment.ts'

/** BOLT 5: an output is irrevocably resolved once the transaction that resolves it is 100 deep. */
export const IRREVOCABLE_DEPTH = 100

/** Whether what is in the block of this height has so many confirmations. */
export const isAsDeepAs = (depth: number, height: BlockHeight, env: Pick<ChannelEnv, 'height'>): boolean =>
  env.height - height + 1 >= depth
