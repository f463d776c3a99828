import type { Peer } from './driver.ts'

/** Starts it. One that does not start in time leaves no program behind. */
export const started = async <P extends Peer>(peer: P): Promise<P> => {
  try {
    await peer.start()
    return peer
  } catch (error) {
    await peer.dispose()
    throw error
  }
}
