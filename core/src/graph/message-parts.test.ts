import test from 'ava'
import fc from 'fast-check'
import { arbitraryGossip } from '../wire/fixtures/arbitrary-gossip.ts'
import { encodeGossip } from '../wire/gossip-codecs.ts'
import { channelParts, nodeParts, updateParts } from './message-parts.ts'

test('the parts of a message are those that its codec reads', (t) => {
  fc.assert(
    fc.property(arbitraryGossip, (message) => {
      const raw = encodeGossip(message)
      if (message.type === 'channel_announcement') t.like(message, { ...channelParts(raw) })
      if (message.type === 'node_announcement') t.like(message, { ...nodeParts(raw) })
      if (message.type === 'channel_update') {
        const { type, signature, chainHash, ...parts } = message
        t.deepEqual(updateParts(raw), parts)
      }
    }),
    { seed: 13, numRuns: 1500 },
  )
})
