import type { Clock } from '../../lib/clock.ts'
import type { Failure } from '../../lib/errors.ts'
import type { BlockHeight, TimestampMs } from '../../lib/units.ts'
import type { BackendHealth } from '../chain-backend.ts'

/** The fields of `getblockchaininfo` that health is judged by. */
export interface ChainInfo {
  readonly blocks: BlockHeight
  readonly headers: BlockHeight
  readonly initialblockdownload: boolean
  readonly pruneheight?: number | undefined
}

/** Keeps the last measurements of a bitcoind. */
export interface BackendMeter {
  /** bitcoind reported its tip. */
  measured(info: ChainInfo): void
  answered(): void
  failed(problem: Failure): void
  health(): Omit<BackendHealth, 'estimates' | 'missingBlock'>
}

export interface MeterOptions {
  readonly clock: Clock
  /** How old an answer may be and still show the current tip. */
  readonly freshMs: number
  /** On regtest a chain whose last block is a day old counts as not downloaded, and there is nobody to download from. */
  readonly ignoresDownload: boolean
}

/** A header comes before its block, so one or two are always on their way. */
const BLOCKS_BEHIND = 3

/** Whether it says, or shows, that it has not caught up with the network. On regtest what it says counts for nothing: see `ignoresDownload`. */
export const isCatchingUp = (
  { blocks, headers, initialblockdownload }: ChainInfo,
  { ignoresDownload }: Pick<MeterOptions, 'ignoresDownload'>,
): boolean => (initialblockdownload && !ignoresDownload) || headers - blocks >= BLOCKS_BEHIND

export const backendMeter = ({ clock, freshMs, ignoresDownload }: MeterOptions): BackendMeter => {
  let problem: Failure | undefined
  let info: ChainInfo | undefined
  let at: TimestampMs = 0
  let since = Number.NEGATIVE_INFINITY

  return {
    measured(measured) {
      info = measured
      at = clock.now()
      since = clock.monotonic()
      problem = undefined
    },
    answered() {
      problem = undefined
    },
    failed(failure) {
      problem = failure
    },
    health() {
      const silentMs = clock.monotonic() - since
      return {
        isCurrent: problem === undefined && silentMs <= freshMs,
        answeredAt: at,
        silentMs,
        ...(problem === undefined ? {} : { problem }),
        headers: info?.headers ?? 0,
        isCatchingUp: info !== undefined && isCatchingUp(info, { ignoresDownload }),
        ...(info?.pruneheight === undefined ? {} : { pruneHeight: info.pruneheight }),
      }
    },
  }
}
