import type { Clock } from '../lib/clock.ts'

/** A start that says nothing for longer looks as if it had stopped. */
const SLOW_MS = 2_000

/** Says it once if the work takes long. */
export const toldIfSlow = async <Done>(clock: Clock, work: Promise<Done>, tell: () => void): Promise<Done> => {
  const cancel = clock.setTimer(SLOW_MS, tell)
  try {
    return await work
  } finally {
    cancel()
  }
}

export const tellOpening = (path: string): void => {
  process.stderr.write(
    `opening ${path} takes long: if an earlier version has written it, it is being brought to this one. This is done once.\n`,
  )
}

export const tellChecking = (path: string): void => {
  process.stderr.write(`checking that ${path} was copied whole. This is done once.\n`)
}

/** In the words of bitcoind. */
export const tellWaiting = (detail: string): void => {
  process.stderr.write(`waiting for bitcoind, which is starting: ${detail}\n`)
}

export const tellMoved = (rows: number): void => {
  process.stderr.write(`moving what an earlier version has stored: ${rows.toLocaleString('en-US')} rows so far\n`)
}
