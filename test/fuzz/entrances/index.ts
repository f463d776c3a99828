import type { Entrance } from '../support/entrance.ts'
import { clientEntrances } from './client.ts'
import { moneyEntrances } from './money.ts'
import { nameEntrances } from './names.ts'
import { onionEntrances } from './onions.ts'
import { peerEntrances } from './peer.ts'
import { pluginEntrances } from './plugin.ts'

/** Every way for what others say into the core. */
export const entrances: readonly Entrance[] = [
  ...pluginEntrances,
  ...clientEntrances,
  ...peerEntrances,
  ...moneyEntrances,
  ...onionEntrances,
  ...nameEntrances,
]

/** How many of so many inputs come each way. */
export const shares = (inputs: number): readonly (readonly [Entrance, number])[] => {
  const whole = entrances.reduce((sum, { share }) => sum + share, 0)
  return entrances.map((entrance) => [entrance, Math.ceil((inputs * entrance.share) / whole)])
}
