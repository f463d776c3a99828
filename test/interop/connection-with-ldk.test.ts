import test from 'ava'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { fromHex, toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { seededRng } from '../../core/src/lib/rng.ts'
import { connect } from '../../core/src/node/connection/connect.ts'
import type { Connection } from '../../core/src/node/connection/connection.ts'
import type { ConnectionSettings } from '../../core/src/node/connection/connection-settings.ts'
import { listen } from '../../core/src/node/connection/listen.ts'
import { TrafficControl } from '../../core/src/node/connection/traffic-control.ts'
import { TRAFFIC_LIMITS } from '../../core/src/node/connection/traffic-limits.ts'
import { decodeChannelType } from '../../core/src/wire/channel-type.ts'
import { hasFeature, OUR_FEATURES } from '../../core/src/wire/features.ts'
import type { Message } from '../../core/src/wire/messages/message.ts'
import { type DevchainForLdk, devchainForLdk } from './support/devchain-for-ldk.ts'
import { type LdkNode, startLdkNode } from './support/ldk-node.ts'

const privateKey = sha256(utf8Encode('our node beside LDK'))
const ourNodeId = toHex(secp256k1.publicKey(privateKey))

const settings: ConnectionSettings = {
  privateKey,
  features: OUR_FEATURES,
  chainHash: NETWORKS.regtest.chainHash,
  clock: systemClock,
  rng: seededRng(1),
  traffic: new TrafficControl({
    clock: systemClock,
    limits: TRAFFIC_LIMITS,
    isPartner: () => true,
    isFamiliar: () => false,
  }),
}

interface Received {
  readonly messages: Message[]
  closed: string | undefined
}

const collect = (connection: Connection): Received => {
  const received: Received = { messages: [], closed: undefined }
  connection.start({
    onMessage: (message) => void received.messages.push(message),
    onClose: (reason) => {
      received.closed = reason.code
    },
  })
  return received
}

let chain: DevchainForLdk
let ldk: LdkNode

test.before(async () => {
  chain = await devchainForLdk()
  ldk = await startLdkNode({ chain, seed: 3, name: 'ldk' })
})

test.after.always(async () => {
  await ldk.stop()
  await chain.stop()
})

test.serial('our connection to LDK — shakes hands, agrees on features, and outlives a change of keys', async (t) => {
  const port = await ldk.listen()
  const connected = await connect({ ...settings, host: '127.0.0.1', port, nodeId: fromHex(ldk.nodeId) })
  if (!connected.ok) return t.fail(connected.error.code)
  const connection = connected.value
  const received = collect(connection)
  await ldk.until('our connection', () => ldk.isConnected(ourNodeId))
  for (const feature of ['option_anchors', 'option_static_remotekey', 'option_channel_type'] as const)
    t.true(hasFeature(connection.remoteFeatures, feature), feature)

  // BOLT 8: a key is used for 1000 encryptions, so both directions change theirs more than once.
  for (let i = 0; i < 1200; i++) connection.send({ type: 'ping', numPongBytes: 8, ignored: new Uint8Array(i % 50) })
  connection.flush()

  const opening = ldk.openChannel(ourNodeId, 500_000n)
  const opens = () => received.messages.flatMap((message) => (message.type === 'open_channel' ? [message] : []))
  await ldk.until('open_channel to arrive', () => opens().length === 1)
  const [open] = opens()
  if (open === undefined) return t.fail()
  t.is(open.fundingSatoshis, 500_000n)
  t.deepEqual(decodeChannelType(open.channelType ?? new Uint8Array(0)), {
    commitment: 'anchors',
    scidAlias: false,
    zeroconf: false,
  })
  const refuse = (temporaryChannelId: Uint8Array): void => {
    connection.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('not today') })
    connection.flush()
  }
  refuse(open.temporaryChannelId)
  // LDK asks once more, for a channel without anchors, which is none of ours.
  await ldk.until('the second open_channel', () => opens().length === 2)
  t.is(decodeChannelType(opens()[1]?.channelType ?? new Uint8Array(0)), undefined)
  refuse(opens()[1]?.temporaryChannelId ?? open.temporaryChannelId)
  await t.throwsAsync(opening, { message: /not today/ })
  connection.close()
  await ldk.until('the end of our connection', () => !ldk.isConnected(ourNodeId))
})

test.serial('the connection of LDK to us — shakes hands and agrees on features', async (t) => {
  let inbound: Connection | undefined
  const failures: string[] = []
  const listener = await listen({
    ...settings,
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => {
      inbound = connection
      collect(connection)
    },
    onFailure: ({ code }) => void failures.push(code),
  })
  if (!listener.ok) return t.fail(listener.error.code)
  t.teardown(() => listener.value.close())
  await ldk.connect('127.0.0.1', listener.value.port, ourNodeId)
  await ldk.until('a connection on our side', () => inbound !== undefined || failures.length > 0)
  t.deepEqual(failures, [])
  t.is(toHex(inbound?.remoteNodeId ?? new Uint8Array(0)), ldk.nodeId)
  ldk.disconnect(ourNodeId)
})
