import type { ChannelState } from '../../channel/index.ts'

/** Hands out the index from which a channel's keys are derived: never the same for two channels. */
export interface KeyIndexes {
  next(): number
}

/**
 * An index is stored with its channel. One that was handed out for an opening which came to nothing may be handed out again
 * after a restart: nothing was ever signed for it that could still be used.
 */
export const keyIndexes = (stored: readonly ChannelState[]): KeyIndexes => {
  let last = 0
  for (const { durable } of stored) {
    const keyIndex =
      'params' in durable ? durable.params.keyIndex : 'keyIndex' in durable ? durable.keyIndex : undefined
    if (keyIndex !== undefined && keyIndex > last) last = keyIndex
  }
  return { next: () => ++last }
}
