import test from 'ava'
import type { ChannelEntry, ChannelListener } from '../channel/channel-directory.ts'
import { StartWait } from './start-wait.ts'

const rig = () => {
  let listener: ChannelListener = () => {}
  const start = new StartWait({
    *all() {},
    follow: (follower) => {
      listener = follower
    },
  })
  /** A channel is published as it stands now. */
  const publish = (ref: object, reestablished: boolean): void => {
    const durable = { phase: 'normal', active: [{ fundingStatus: { type: 'confirmed' } }] }
    const entry = { ref, state: { durable, session: { reestablished } }, quarantined: false, spentInMempool: false }
    listener(ref as ChannelEntry['ref'], entry as unknown as ChannelEntry)
  }
  const remove = (ref: object): void => listener(ref as ChannelEntry['ref'], undefined)
  /** Whether what waits now is woken by it. */
  const wakes = async (happens: () => void): Promise<boolean> => {
    let isWoken = false
    void start.changed().then(() => {
      isWoken = true
    })
    happens()
    await new Promise(setImmediate)
    return isWoken
  }
  return { publish, remove, wakes }
}

test('what a start waits for is looked at when a channel becomes usable, and not again while it is', async (t) => {
  const { publish, remove, wakes } = rig()
  const [first, second] = [{}, {}]
  t.false(await wakes(() => publish(first, false)))
  t.true(await wakes(() => publish(first, true)))
  t.false(await wakes(() => publish(first, true)))
  t.true(await wakes(() => publish(second, true)))
  t.false(await wakes(() => publish(first, false)))
  t.true(await wakes(() => publish(first, true)))
  t.false(await wakes(() => remove(first)))
  t.true(await wakes(() => publish(first, true)))
})
