import test from 'ava'
import fc from 'fast-check'
import { relayFee } from '../../graph/relay-fee.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { relayEnv } from '../fixtures/relay-env.ts'
import { startRelay } from './relay-machine.ts'
import type { RelayChannel, RelayRequest } from './relay-protocol.ts'

const policy = {
  feeBaseMsat: 1000n,
  feeProportionalMillionths: 100,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: 1_000_000n,
  htlcMaximumMsat: 50_000_000n,
}

const channel: RelayChannel = {
  channelId: named('out'),
  remoteNodeId: testNode('bob').nodeId,
  shortIds: { real: 1n, localAliases: [] },
  aliasOnly: false,
  policies: { current: policy, since: 0, updateTimestamp: 1 },
  status: 'usable',
  spendableMsat: 1_000_002n,
}

const env = relayEnv({ named: (id) => (id === 1n ? channel : undefined), byRoom: () => [channel] })

const near = fc.integer({ min: -2, max: 2 })

test('BOLT 4, payload format — a relay passes on what pays its fee and leaves its blocks, and nothing else: around each bound', (t) => {
  const ends = fc.constantFrom(509, 2516)
  fc.assert(
    fc.property(near, near, near, near, ends, fc.nat(2), (more, fee, delta, late, end, shortChannelId) => {
      const amtToForward = 1_000_000n + BigInt(more)
      const outgoingCltvValue = end + late
      const request: RelayRequest = {
        incoming: { channelId: named('in'), htlcId: 1n },
        amountMsat: amtToForward + relayFee(policy, amtToForward) + BigInt(fee),
        cltvExpiry: outgoingCltvValue + policy.cltvExpiryDelta + delta,
        paymentHash: named('hash'),
        payload: {
          type: 'relay',
          amtToForward,
          outgoingCltvValue,
          next: { type: 'channel', shortChannelId: BigInt(shortChannelId) },
        },
        nextOnion: new Uint8Array(1366),
      }
      const isInTime = end === 509 ? late >= 0 : late <= 0
      const isTaken = shortChannelId === 1 && more >= 0 && fee >= 0 && delta >= 0 && isInTime
      const { state, effects } = startRelay(request, env)
      t.is(state !== undefined, isTaken)
      t.is(effects[0]?.type, isTaken ? 'add-htlc' : 'fail')
      if (isTaken) t.like(effects[0], { amountMsat: amtToForward, cltvExpiry: outgoingCltvValue })
    }),
    { seed: 43, numRuns: 1_000 },
  )
})
