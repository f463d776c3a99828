import test from 'ava'
import type { ActorRef } from '../../actor/types.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import type { NodeId } from '../../lib/ids.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { Partners } from './partners.ts'

const idOf = (byte: number): NodeId => new Uint8Array(33).fill(byte)

const setUp = () => {
  const channelDirectory = new ChannelDirectory()
  const partners = new Partners(channelDirectory)
  const { state } = new TwoParties().ready().alice
  /** Opens a channel with a peer; call what it returns to forget it. */
  const open = (byte: number): (() => void) => {
    const ref = { path: `/channels/${byte}` } as ActorRef<ChannelProtocol>
    const entry = {
      ref,
      remoteNodeId: idOf(byte),
      state,
      durableState: state,
      quarantined: false,
      spentInMempool: false,
    }
    channelDirectory.put({ channelId: new Uint8Array(32).fill(byte), shortIds: [] }, entry)
    return () => channelDirectory.remove(entry)
  }
  return { partners, open }
}

test('an address is familiar wherever a partner was seen, and while one of those is a partner', (t) => {
  const { partners, open } = setUp()
  const forget = open(1)
  const forgetOther = open(2)
  partners.seenAt(idOf(1), '192.0.2.1')
  partners.seenAt(idOf(1), '::ffff:192.0.2.2')
  partners.seenAt(idOf(1), '2001:db8:1:2:3::4')
  partners.seenAt(idOf(2), '192.0.2.2')
  for (const group of ['192.0.2.1', '192.0.2.2', '2001:db8:1:2::/64']) t.true(partners.wasSeenAt(group), group)
  t.false(partners.wasSeenAt('192.0.2.3'))
  t.false(partners.wasSeenAt(''))
  forget()
  t.false(partners.wasSeenAt('192.0.2.1'))
  t.true(partners.wasSeenAt('192.0.2.2'))
  forgetOther()
  t.false(partners.wasSeenAt('192.0.2.2'))
})

test('of each partner the latest eight places are remembered', (t) => {
  const { partners, open } = setUp()
  open(1)
  open(2)
  partners.seenAt(idOf(2), '192.0.2.0')
  for (let i = 0; i < 100; i++) {
    partners.seenAt(idOf(1), '192.0.2.200')
    partners.seenAt(idOf(1), `192.0.2.${i}`)
  }
  const familiar = Array.from({ length: 256 }, (_, i) => i).filter((i) => partners.wasSeenAt(`192.0.2.${i}`))
  t.deepEqual(familiar, [0, 93, 94, 95, 96, 97, 98, 99, 200])
})

test('who has no channel makes no address familiar', (t) => {
  const { partners } = setUp()
  partners.seenAt(idOf(1), '192.0.2.1')
  t.false(partners.wasSeenAt('192.0.2.1'))
})
