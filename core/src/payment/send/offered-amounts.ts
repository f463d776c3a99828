import { toHex } from '../../lib/bytes.ts'
import type { Msat } from '../../lib/units.ts'
import type { OwnChannel, OwnChannels } from './payment.ts'
import type { OfferedAmount } from './route-question.ts'

/** A channel may not yet have deducted an HTLC that it has not answered: it is deducted here. */
export const lessOffered = (channels: OwnChannels, offered: readonly OfferedAmount[]): OwnChannels => {
  if (offered.length === 0) return channels
  const sums = new Map<string, bigint>()
  for (const { channelId, amountMsat } of offered) {
    const key = toHex(channelId)
    sums.set(key, (sums.get(key) ?? 0n) + amountMsat)
  }
  return {
    byRoom: (peer, room) => inOrder(channels.byRoom(peer, room), sums, room),
    // The first to come is still the one to take, as long as it has the room.
    inTurn: (peer) => adjusted(channels.inTurn(peer), sums),
  }
}

function* adjusted(channels: Iterable<OwnChannel>, sums: ReadonlyMap<string, bigint>): Generator<OwnChannel> {
  for (const channel of channels) {
    const sum = sums.get(toHex(channel.channelId))
    yield sum === undefined ? channel : less(channel, sum)
  }
}

/** Those of which something is taken off wait until it is their turn. */
function* inOrder(
  channels: Iterable<OwnChannel>,
  sums: ReadonlyMap<string, bigint>,
  room: 'spendableMsat' | 'affordableMsat',
): Generator<OwnChannel> {
  let waiting: OwnChannel[] = []
  for (const channel of channels) {
    const sum = sums.get(toHex(channel.channelId))
    if (sum !== undefined) {
      waiting = [...waiting, less(channel, sum)].sort((a, b) => (a[room] > b[room] ? -1 : 1))
      continue
    }
    for (let next = waiting[0]; next !== undefined && next[room] > channel[room]; next = waiting[0]) {
      waiting = waiting.slice(1)
      yield next
    }
    yield channel
  }
  yield* waiting
}

const less = (channel: OwnChannel, sum: bigint): OwnChannel => {
  const without = (amount: Msat): bigint => (amount > sum ? amount - sum : 0n)
  return {
    ...channel,
    spendableMsat: without(channel.spendableMsat),
    affordableMsat: without(channel.affordableMsat),
  }
}
