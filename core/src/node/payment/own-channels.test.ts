import test from 'ava'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import { OwnChannelIndex } from './own-channels.ts'

const PEER = new Uint8Array(33).fill(1)

test('the channels with a peer come in order of what they can carry, and move when that changes; states that are unchanged are not read again', (t) => {
  const directory = new ChannelDirectory()
  const index = new OwnChannelIndex(directory)
  let reads = 0
  const add = (byte: number, pushMsat: bigint): ChannelEntry => {
    const { state } = new TwoParties().ready({ pushMsat }).alice
    const counted = {
      get durable() {
        reads++
        return state.durable
      },
      get session() {
        return state.session
      },
    } as ChannelEntry['state']
    const ref = {} as ChannelEntry['ref']
    const entry = {
      ref,
      remoteNodeId: PEER,
      state: counted,
      durableState: state,
      quarantined: false,
      spentInMempool: false,
    }
    directory.put({ channelId: new Uint8Array(32).fill(byte), shortIds: [] }, entry)
    return entry
  }
  const rooms = (): readonly bigint[] =>
    [...index.byRoom(PEER, 'spendableMsat')].map(({ spendableMsat }) => spendableMsat)
  const isSorted = (amounts: readonly bigint[]): boolean =>
    amounts.every((amount, i) => i === 0 || amount <= (amounts[i - 1] as bigint))
  const [poor] = [add(1, 900_000_000n), add(2, 100_000_000n), add(3, 500_000_000n)]
  t.is(rooms().length, 3)
  t.true(isSorted(rooms()))
  const first = rooms()[0] as bigint
  const before = reads
  rooms()
  t.is(reads, before)
  const { state } = new TwoParties().ready().alice
  directory.publish({ ...(poor as ChannelEntry), state, durableState: state })
  t.true((rooms()[0] as bigint) > first)
  t.true(isSorted(rooms()))
  directory.publish({ ...(poor as ChannelEntry), quarantined: true })
  t.is(rooms().length, 2)
  directory.remove(poor as ChannelEntry)
  t.is(rooms().length, 2)
})
