import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import type { GossipLine } from '../gossip/gossip-room.ts'
import { silentLog } from '../node-log.ts'
import { RationedLog } from '../rationed-log.ts'
import { Complaints } from './complaints.ts'
import { gossipLines } from './gossip-lines.ts'

test('a line writes on as the peer takes what was written: little waits, whatever there is to say', async (t) => {
  const clock = virtualClock()
  let line: GossipLine | undefined
  const lines = gossipLines(
    {
      connected: (_, opened) => {
        line = opened
      },
      disconnected: () => {},
    },
    clock,
  )
  let unsent = 0
  let written = 0
  lines.connected({
    epoch: 1,
    remoteNodeId: new Uint8Array(33),
    remoteFeatures: new Uint8Array(0),
    address: '127.0.0.1:1',
    direction: 'inbound',
    complaints: new Complaints(clock),
    unheeded: new RationedLog(silentLog, clock),
    send: (message) => {
      if (message.type !== 'unknown') return
      unsent += message.payload.length
      written++
    },
    get unsentBytes() {
      return unsent
    },
    close: () => {},
    setPressure: () => {},
  })
  const sent = line?.send(Array.from({ length: 40 }, () => new Uint8Array(60_000)))
  for (let looks = 0; written < 40; looks++) {
    t.true(unsent < 600_000)
    t.true(looks < 40)
    unsent = 0
    await clock.advance(100)
  }
  unsent = 0
  await clock.advance(100)
  await t.notThrowsAsync(sent ?? Promise.reject())
})
