import test from 'ava'
import { PiecewiseSender } from './piecewise-sender.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const MESSAGES = Array.from({ length: 120 }, (_, i) => Uint8Array.of(i))

/** A connection that takes what it gets when `take` is called, or at once. */
const line = (isSlow = false) => {
  const sent: number[] = []
  let take = (): void => {}
  return {
    sent,
    take: () => take(),
    send: (messages: readonly Uint8Array[]) => {
      sent.push(...messages.map(([first = 0]) => first))
      if (!isSlow) return Promise.resolve()
      return new Promise<void>((resolve) => {
        take = resolve
      })
    },
  }
}

test('a batch for many peers goes out a piece to one of them at a time, in its order', async (t) => {
  const sender = new PiecewiseSender()
  const lines = [line(), line(), line()]
  const all = Promise.all(lines.map((each) => sender.send(each, MESSAGES)))
  const total = () => lines.reduce((sum, { sent }) => sum + sent.length, 0)
  t.is(total(), 0)
  for (let before = 0; before < 360; ) {
    await turn()
    t.true(total() - before <= 50)
    before = total()
  }
  await all
  for (const { sent } of lines)
    t.deepEqual(
      sent,
      MESSAGES.map((_, i) => i),
    )
})

test('a peer that takes little at a time holds up nobody else', async (t) => {
  const sender = new PiecewiseSender()
  const [slow, quick] = [line(true), line()]
  let isTaken = false
  void sender.send(slow, MESSAGES).then(() => {
    isTaken = true
  })
  await sender.send(quick, MESSAGES)
  t.is(slow.sent.length, 50)
  for (const sent of [100, 120, 120]) {
    t.false(isTaken)
    slow.take()
    await turn()
    await turn()
    t.is(slow.sent.length, sent)
  }
  t.true(isTaken)
})
