import test from 'ava'
import { combineChannelAccept, type HookAnswer } from './index.ts'

type Answer = HookAnswer<'channel.accept'>

const accept = (plugin: string, minimumDepth?: number): Answer => ({
  type: 'verdict',
  plugin,
  verdict: minimumDepth === undefined ? { type: 'accept' } : { type: 'accept', minimumDepth },
})
const reject = (plugin: string, reason: string): Answer => ({
  type: 'verdict',
  plugin,
  verdict: { type: 'reject', reason },
})
const silent = (plugin: string): Answer => ({ type: 'no-verdict', plugin, code: 'timed-out' })

test('channel.accept — with no plugin asked the channel is accepted', (t) => {
  t.deepEqual(combineChannelAccept([]), { verdict: { type: 'accept' } })
})

test('channel.accept — the deepest minimum depth of all holds', (t) => {
  const combined = combineChannelAccept([accept('a'), accept('b', 3), accept('c', 6), accept('d', 1)])
  t.deepEqual(combined, { verdict: { type: 'accept', minimumDepth: 6 } })
})

test('channel.accept — the first rejection in order decides', (t) => {
  const combined = combineChannelAccept([accept('a'), reject('b', 'too small'), reject('c', 'no')])
  t.deepEqual(combined, { verdict: { type: 'reject', reason: 'too small' }, by: 'b' })
})

test('channel.accept — no answer rejects when closed and is passed over when open', (t) => {
  t.is(combineChannelAccept([accept('a'), silent('b')]).verdict.type, 'reject')
  t.deepEqual(combineChannelAccept([silent('b'), accept('a', 2)], 'open'), {
    verdict: { type: 'accept', minimumDepth: 2 },
  })
})
