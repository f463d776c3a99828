import test from 'ava'
import { combineChannelAccept, combineHtlcForward, type HookAnswer } from './index.ts'

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
const silent = (plugin: string) => ({ type: 'no-verdict', plugin, code: 'timed-out' }) as const

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
  t.deepEqual(combineChannelAccept([{ ...silent('b'), onFailure: 'open' }, accept('a', 2)]), {
    verdict: { type: 'accept', minimumDepth: 2 },
  })
})

const verdict = (plugin: string, verdict: Extract<Answer, { type: 'verdict' }>['verdict']): Answer => ({
  type: 'verdict',
  plugin,
  verdict,
})

test('channel.accept — the largest reserve holds, and an upfront script if anybody wants one', (t) => {
  const combined = combineChannelAccept([
    verdict('a', { type: 'accept', reserveSat: 20_000n }),
    verdict('b', { type: 'accept', reserveSat: 30_000n, upfrontShutdown: true }),
    verdict('c', { type: 'accept', reserveSat: 10_000n, upfrontShutdown: false }),
  ])
  t.deepEqual(combined, { verdict: { type: 'accept', reserveSat: 30_000n, upfrontShutdown: true } })
})

test('channel.accept — a channel is used unconfirmed only if every plugin agrees to that', (t) => {
  const agrees = verdict('a', { type: 'accept-zero-conf', reserveSat: 5n })
  t.deepEqual(combineChannelAccept([agrees, verdict('b', { type: 'accept-zero-conf' })]), {
    verdict: { type: 'accept-zero-conf', reserveSat: 5n },
  })
  t.deepEqual(combineChannelAccept([agrees, accept('b', 2)]), {
    verdict: { type: 'accept', minimumDepth: 2, reserveSat: 5n },
  })
  t.deepEqual(combineChannelAccept([agrees, accept('b')]).verdict.type, 'accept')
  t.is(combineChannelAccept([agrees, reject('b', 'no')]).verdict.type, 'reject')
  t.is(combineChannelAccept([agrees, silent('b')]).verdict.type, 'reject')
})

test('htlc.forward — the first failure in order decides, and without one the HTLC goes on', (t) => {
  const goesOn = (plugin: string) => ({ type: 'verdict', plugin, verdict: { type: 'continue' } }) as const
  const fails = (plugin: string, code: 'unknown-next-peer' | 'permanent-node-failure') =>
    ({ type: 'verdict', plugin, verdict: { type: 'fail', code } }) as const
  t.deepEqual(combineHtlcForward([]), { verdict: { type: 'continue' } })
  t.deepEqual(combineHtlcForward([goesOn('a'), goesOn('b')]), { verdict: { type: 'continue' } })
  t.deepEqual(
    combineHtlcForward([goesOn('a'), fails('b', 'unknown-next-peer'), fails('c', 'permanent-node-failure')]),
    { verdict: { type: 'fail', code: 'unknown-next-peer' }, by: 'b' },
  )
})

test('htlc.forward — it goes on without the verdict of a plugin, unless the plugin declares otherwise', (t) => {
  t.deepEqual(combineHtlcForward([silent('a')]), { verdict: { type: 'continue' } })
  t.deepEqual(combineHtlcForward([silent('a'), { ...silent('b'), onFailure: 'closed' }]), {
    verdict: { type: 'fail', code: 'temporary-node-failure' },
    by: 'b',
  })
})
