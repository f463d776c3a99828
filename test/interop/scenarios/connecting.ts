import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { fromHex, toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { seededRng } from '../../../core/src/lib/rng.ts'
import { connect } from '../../../core/src/node/connection/connect.ts'
import type { Connection } from '../../../core/src/node/connection/connection.ts'
import type { ConnectionSettings } from '../../../core/src/node/connection/connection-settings.ts'
import { listen } from '../../../core/src/node/connection/listen.ts'
import { MessageRooms } from '../../../core/src/node/connection/message-rooms.ts'
import { TrafficControl } from '../../../core/src/node/connection/traffic-control.ts'
import { TRAFFIC_LIMITS } from '../../../core/src/node/connection/traffic-limits.ts'
import { UNUSED_GOSSIP } from '../../../core/src/node/peer/unused-gossip.ts'
import { decodeChannelType } from '../../../core/src/wire/channel-type.ts'
import { hasFeature, OUR_FEATURES } from '../../../core/src/wire/features.ts'
import type { OpenChannel } from '../../../core/src/wire/messages/channel-open.ts'
import type { Message, UnknownMessage } from '../../../core/src/wire/messages/message.ts'
import { group } from './scenario.ts'

/** A node id of ours with nothing behind it but the connection. */
const identity = (name: string) => {
  const privateKey = sha256(utf8Encode(name))
  const rooms = new MessageRooms()
  rooms.register(UNUSED_GOSSIP, 'no-use')
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
    rooms,
  }
  return { nodeId: toHex(secp256k1.publicKey(privateKey)), settings }
}

type Heard = Message | UnknownMessage

const collect = (connection: Connection, onMessage: (message: Heard) => void = () => undefined): Heard[] => {
  const messages: Heard[] = []
  connection.start({
    onMessage(message) {
      messages.push(message)
      onMessage(message)
    },
    onIgnored: () => undefined,
    onClose: () => undefined,
  })
  return messages
}

const isOpen = (message: Heard): message is OpenChannel => message.type === 'open_channel'

export const connecting = group('Connections', [
  {
    title: 'our connection — shakes hands, agrees on features, outlives changes of keys, and carries an opening',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const { nodeId, settings } = identity('our connection')
      const [host = '', port] = peer.address.split(':')
      const connected = await connect({ ...settings, host, port: Number(port), nodeId: fromHex(peer.nodeId) })
      if (!connected.ok) return t.fail(connected.error.code)
      const connection = connected.value
      t.teardown(() => connection.close())
      const messages = collect(connection, (message) => {
        if (!isOpen(message)) return
        connection.send({ type: 'error', channelId: message.temporaryChannelId, data: utf8Encode('not today') })
        connection.flush()
      })
      await stage.until('the peer sees our connection', () => peer.isConnected(nodeId))
      for (const feature of ['option_anchors', 'option_static_remotekey', 'option_channel_type'] as const)
        t.true(hasFeature(connection.remoteFeatures, feature), feature)

      // BOLT 8: a key is used for 1000 encryptions, so both directions change theirs more than once. BOLT 1, ping: from
      // 65532 on it asks for no answer, and only ours are changed.
      const numPongBytes = stage.can('many-pings') ? 8 : 65_532
      for (let i = 0; i < 1200; i++) connection.send({ type: 'ping', numPongBytes, ignored: new Uint8Array(i % 50) })
      connection.flush()

      await t.throwsAsync(peer.openChannel(nodeId, { capacitySat: 500_000n }), { message: /not today/ })
      const open = messages.find(isOpen)
      t.is(open?.fundingSatoshis, 500_000n)
      t.not(decodeChannelType(open?.channelType ?? new Uint8Array(0)), undefined)
      connection.close()
      await stage.until('the peer sees the end of it', async () => !(await peer.isConnected(nodeId)))
    },
  },
  {
    title: 'the connection of the peer to us — shakes hands and agrees on features',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const { nodeId, settings } = identity('connected to')
      let inbound: Connection | undefined
      const failures: string[] = []
      const listener = await listen({
        ...settings,
        host: '127.0.0.1',
        port: 0,
        onConnection(connection) {
          inbound = connection
          collect(connection)
        },
        onFailure: ({ code }) => void failures.push(code),
      })
      if (!listener.ok) return t.fail(listener.error.code)
      t.teardown(() => listener.value.close())
      await peer.connect(nodeId, `127.0.0.1:${listener.value.port}`)
      await stage.until('a connection on our side', () => inbound !== undefined || failures.length > 0)
      t.deepEqual(failures, [])
      t.is(toHex(inbound?.remoteNodeId ?? new Uint8Array(0)), peer.nodeId)
      await peer.disconnect(nodeId)
    },
  },
])
