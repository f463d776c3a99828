import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { createMessagePath } from '../../onion/create-onion-message.ts'
import { testNode } from '../../payment/fixtures/nodes.ts'
import { PaymentFlow, type PaymentFlowOptions } from './payment-flow.ts'

const [us, peer, payee] = [testNode('us'), testNode('peer'), testNode('payee')]
const PAYINFO = {
  feeBaseMsat: 0,
  feeProportionalMillionths: 0,
  cltvExpiryDelta: 0,
  htlcMinimumMsat: 1n,
  htlcMaximumMsat: 1_000n,
}

/** A flow with one channel, which goes by the id 5 on the chain and by the alias 6. */
const flowWith = (scidAlias: boolean, announced: PaymentFlowOptions['announcedEnd'] = () => undefined) => {
  const entry = {
    remoteNodeId: peer.nodeId,
    state: {
      durable: { phase: 'normal', params: { channelType: { scidAlias } }, shortIds: { real: 5n, localAliases: [6n] } },
    },
  }
  return new PaymentFlow({
    channelDirectory: {
      follow: () => {},
      byShortChannelId: (id: bigint) => (id === 5n || id === 6n ? entry : undefined),
    },
    signer: { nodeId: us.nodeId },
    nodeKey: us.privateKey,
    announcedEnd: announced,
  } as unknown as PaymentFlowOptions)
}

/** Where a path begins whose first node is named by an end of a channel. */
const beginsAt = (flow: PaymentFlow, shortChannelId: bigint, direction: 0 | 1) => {
  const path = createMessagePath(new Uint8Array(32).fill(3), [peer.nodeId], {
    nodeId: payee.nodeId,
    pathId: new Uint8Array(32),
  })
  const named = { ...path, firstNodeId: { type: 'sciddir', shortChannelId, direction } as const }
  return flow.recipientPaths([{ path: named, payinfo: PAYINFO }])[0]?.introductionNodeId
}

const peersEnd = toHex(us.nodeId) < toHex(peer.nodeId) ? 1 : 0

test('a path begins at an end of a channel of ours by an alias, or by its id unless that is hidden', (t) => {
  t.is(beginsAt(flowWith(false), 5n, peersEnd), peer.nodeId)
  t.is(beginsAt(flowWith(false), 6n, peersEnd), peer.nodeId)
  t.is(beginsAt(flowWith(true), 6n, peersEnd), peer.nodeId)
  // Whoever tries ids of the chain is not shown that one is ours.
  t.is(beginsAt(flowWith(true), 5n, peersEnd), undefined)
  t.is(beginsAt(flowWith(true), 7n, peersEnd), undefined)
})

test('a path begins at an end of a channel that everybody knows', (t) => {
  const known = (id: bigint, direction: 0 | 1): NodeId | undefined =>
    id === 9n && direction === 1 ? peer.nodeId : undefined
  t.is(beginsAt(flowWith(true, known), 9n, 1), peer.nodeId)
  t.is(beginsAt(flowWith(true, known), 9n, 0), undefined)
})
