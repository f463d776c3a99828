import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import type { Message } from '../../wire/messages/message.ts'
import type { Connection } from '../connection/connection.ts'
import { nodeOf, RawPeer, settingsOf, VALID_INIT } from '../connection/fixtures/raw-peer.ts'
import { listen } from '../connection/listen.ts'
import { silentLog } from '../node-log.ts'
import { RationedLog } from '../rationed-log.ts'
import { AttachedConnection } from './attached-connection.ts'

const channelId = new Uint8Array(32)
const ADD: Message = {
  type: 'update_add_htlc',
  channelId,
  id: 0n,
  amountMsat: 1_000n,
  paymentHash: new Uint8Array(32),
  cltvExpiry: 500,
  onionRoutingPacket: new Uint8Array(1_366),
}
const COMMITMENT: Message = {
  type: 'commitment_signed',
  channelId,
  signature: { type: 'ecdsa', signature: new Uint8Array(64) },
  htlcSignatures: [],
}

test('an HTLC that is offered leaves with the commitment_signed that follows, in one write', async (t) => {
  const clock = virtualClock()
  const { promise, resolve } = Promise.withResolvers<Connection>()
  const listener = await listen({ ...settingsOf(2, clock), host: '127.0.0.1', port: 0, onConnection: resolve })
  if (!listener.ok) throw new Error(listener.error.cause)
  const peer = await RawPeer.dial(listener.value.port)
  t.teardown(async () => {
    peer.socket.destroy()
    await listener.value.close()
  })
  await peer.initiate(1, nodeOf(2).nodeId)
  peer.send(VALID_INIT)
  const connection = await promise
  t.is((await peer.message())?.type, 'init')

  const attached = new AttachedConnection(connection, 0, clock, new RationedLog(silentLog, clock))
  attached.send(ADD)
  await new Promise(setImmediate)
  t.true(connection.unsentBytes > 1_400)
  attached.send(COMMITMENT)
  t.is((await peer.message())?.type, 'update_add_htlc')
  t.is((await peer.message())?.type, 'commitment_signed')
})
