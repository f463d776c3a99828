import { Writable } from 'node:stream'
import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { streamEvents } from './event-stream.ts'
import { scriptedGateway } from './scripted-gateway.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A sink that takes one write and then waits to be released. */
const slowSink = () => {
  const written: string[] = []
  let release: (() => void) | undefined
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      release = done
    },
  })
  return {
    sink,
    written,
    release() {
      const done = release
      release = undefined
      done?.()
    },
  }
}

test('a slow reader holds nothing in memory and still gets every durable event, in order', async (t) => {
  const gateway = scriptedGateway()
  const clock = virtualClock()
  const { sink, written, release } = slowSink()
  streamEvents(gateway.events, { from: undefined, filter: {}, sink, clock })
  await turn()
  for (let i = 1; i <= 2_000; i++) gateway.publish('payment.received', `{"n":${i}}`)
  await turn()
  t.true(sink.writableLength < 200, 'only the first event waits in the socket')
  while (written.length < 2_000) {
    release()
    await turn()
  }
  t.deepEqual(
    written.map((message) => Number(/"n":(\d+)/.exec(message)?.[1])),
    Array.from({ length: 2_000 }, (_, i) => i + 1),
  )
})

test('a reader that keeps up is told now and then that the stream is alive', async (t) => {
  const gateway = scriptedGateway()
  const clock = virtualClock()
  const written: string[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk))
      done()
    },
  })
  streamEvents(gateway.events, { from: undefined, filter: {}, sink, clock })
  await clock.advance(31_000)
  t.deepEqual(written, [': still here\n\n', ': still here\n\n'])
  sink.destroy()
  await turn()
  await clock.advance(60_000)
  t.is(written.length, 2)
  t.is(gateway.subscribers(), 0)
})

test('a reader that takes nothing for a minute is cut off, and one that takes a little is not', async (t) => {
  const gateway = scriptedGateway()
  const clock = virtualClock()
  const stalled = slowSink()
  const slow = slowSink()
  for (const { sink } of [stalled, slow]) {
    sink.on('error', () => {})
    streamEvents(gateway.events, { from: undefined, filter: {}, sink, clock })
  }
  await turn()
  for (let i = 1; i <= 10; i++) gateway.publish('payment.received', `{"n":${i}}`)
  await turn()
  for (let i = 0; i < 5; i++) {
    await clock.advance(30_000)
    slow.release()
    await turn()
  }
  t.true(stalled.sink.destroyed)
  t.false(slow.sink.destroyed)
  t.is(gateway.subscribers(), 1)
})
