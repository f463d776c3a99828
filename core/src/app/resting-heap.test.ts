import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { collectAtRest } from './resting-heap.ts'

const MB = 1_000_000

/** A heap in which each collection leaves `living` bytes and takes `takesMs`. */
const rig = ({ living = 20 * MB, takesMs = 40 } = {}) => {
  const clock = virtualClock()
  let spent = 0
  const heap = { active: 0, used: 0, living, collections: 0, thorough: 0 }
  const stop = collectAtRest(
    {
      activeMs: () => heap.active,
      usedBytes: () => heap.used,
      collect(thorough) {
        heap.collections++
        if (thorough) heap.thorough++
        heap.used = heap.living
        spent += takesMs
      },
    },
    { ...clock, monotonic: () => clock.monotonic() + spent },
  )
  const seconds = async (count: number, atWorkMs = 0): Promise<void> => {
    for (let i = 0; i < count; i++) {
      heap.active += atWorkMs
      await clock.advance(1_000)
    }
  }
  return { heap, stop, seconds }
}

test('a node that rests collects once what its work has left, and nothing more while little comes', async (t) => {
  const { heap, seconds } = rig()
  heap.used = 60 * MB
  await seconds(30)
  t.is(heap.collections, 1)
  heap.used += 5 * MB
  await seconds(30)
  t.is(heap.collections, 1)
  heap.used += MB
  await seconds(1)
  t.is(heap.collections, 2)
})

test('the first collection is thorough, unless much lives', async (t) => {
  const { heap, seconds } = rig()
  heap.used = 32 * MB
  await seconds(10)
  heap.used = 32 * MB
  await seconds(30)
  t.like(heap, { collections: 2, thorough: 1 })

  const large = rig()
  large.heap.used = 33 * MB
  await large.seconds(10)
  t.like(large.heap, { collections: 1, thorough: 0 })
})

test('a node at work collects nothing by itself', async (t) => {
  const { heap, seconds } = rig()
  heap.used = 60 * MB
  await seconds(30, 60)
  t.is(heap.collections, 0)
  await seconds(1, 40)
  t.is(heap.collections, 1)
})

test('what lives beyond sixty-four megabytes is left to the engine: a collection would stop the node', async (t) => {
  const unknown = rig()
  unknown.heap.used = 65 * MB
  await unknown.seconds(30)
  t.is(unknown.heap.collections, 0)

  const grown = rig()
  grown.heap.used = 60 * MB
  grown.heap.living = 65 * MB
  await grown.seconds(10)
  grown.heap.used += 60 * MB
  await grown.seconds(30)
  t.is(grown.heap.collections, 1)
})

test('what the engine’s own collections left while the node was at work is not taken for more', async (t) => {
  const { heap, seconds } = rig()
  for (const used of [45, 90, 50, 80]) {
    heap.used = used * MB
    await seconds(1, 900)
  }
  await seconds(1)
  t.is(heap.collections, 1)
})

test('what lives less again, as the engine’s own collections show, is collected at rest again', async (t) => {
  const { heap, seconds } = rig({ living: 65 * MB })
  heap.used = 60 * MB
  await seconds(10)
  heap.used = 30 * MB
  await seconds(1)
  heap.used = 40 * MB
  await seconds(10)
  t.is(heap.collections, 2)
})

test('collections take a hundredth of the time at most', async (t) => {
  const { heap, seconds } = rig({ takesMs: 100 })
  for (let i = 0; i < 101; i++) {
    heap.used = 60 * MB
    await seconds(1)
  }
  t.true(heap.collections >= 8 && heap.collections <= 11, `${heap.collections}`)
})

test('once ended it looks no more', async (t) => {
  const { heap, stop, seconds } = rig()
  stop()
  heap.used = 60 * MB
  await seconds(30)
  t.is(heap.collections, 0)
})
