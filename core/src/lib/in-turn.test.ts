import test from 'ava'
import { Turns } from './in-turn.ts'

test('turns — under one name one thing comes after the other, also after one that failed; names do not wait for each other', async (t) => {
  const turns = new Turns()
  const done: string[] = []
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const first = turns.take('a', async () => {
    await held
    done.push('first')
    throw new Error('no')
  })
  const second = turns.take('a', async () => void done.push('second'))
  await turns.take('b', async () => void done.push('other'))
  t.deepEqual(done, ['other'])
  release()
  await t.throwsAsync(first, { message: 'no' })
  await second
  t.deepEqual(done, ['other', 'first', 'second'])
})

test('turns — are settled when nothing is under way, what was asked for meanwhile among it', async (t) => {
  const turns = new Turns()
  const done: string[] = []
  void turns.take('a', async () => {
    await Promise.resolve()
    void turns.take('a', async () => void done.push('later'))
  })
  await turns.settled()
  t.deepEqual(done, ['later'])
  await turns.settled()
})
