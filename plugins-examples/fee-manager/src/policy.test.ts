import test from 'ava'
import fc from 'fast-check'
import { decide, type FeeConfig, observe, outboundShare, targetPpm } from './policy.ts'

const config: FeeConfig = {
  minPpm: 10,
  maxPpm: 1_000,
  baseMsat: 0,
  halfLifeSeconds: 60,
  minChangePercent: 10,
  minIntervalSeconds: 300,
  reviewSeconds: 60,
}

const now = 1_000_000_000
const view = (share: number) => ({ share, observedAt: now })

test('a channel with all on our side charges the least, one with nothing left the most', (t) => {
  t.is(targetPpm(1, config), 10)
  t.is(targetPpm(0, config), 1_000)
  t.is(targetPpm(0.5, config), 100)
})

test('a least fee of zero is reached only with everything on our side', (t) => {
  t.is(targetPpm(1, { ...config, minPpm: 0 }), 0)
  t.true(targetPpm(0.99, { ...config, minPpm: 0 }) >= 1)
  t.is(targetPpm(0.3, { ...config, minPpm: 0, maxPpm: 0 }), 0)
})

test('the fee stays within its bounds and never falls as liquidity leaves', (t) => {
  const share = fc.double({ min: -0.5, max: 1.5, noNaN: true })
  const ppm = fc.integer({ min: 0, max: 1_000_000 })
  fc.assert(
    fc.property(share, share, ppm, ppm, (a, b, x, y) => {
      const bounds = { ...config, minPpm: Math.min(x, y), maxPpm: Math.max(x, y) }
      const [less, more] = [targetPpm(Math.min(a, b), bounds), targetPpm(Math.max(a, b), bounds)]
      t.true(less >= more)
      t.true(more >= bounds.minPpm && less <= bounds.maxPpm)
    }),
  )
})

test('the share is our part, and one half of nothing', (t) => {
  t.is(outboundShare(250n, 750n), 0.25)
  t.is(outboundShare(0n, 0n), 0.5)
  t.is(outboundShare(21n * 10n ** 17n, 0n), 1)
})

test('the smoothed share covers half the way in a half-life', (t) => {
  const first = observe(undefined, 1, now, config)
  const later = observe(first, 0, now + 60_000, config)
  t.is(later.share, 0.5)
  t.is(observe(later, 0, now + 180_000, config).share, 0.125)
})

test('with a half-life of zero the last observation counts alone, and an older one never does', (t) => {
  const first = observe(undefined, 1, now, config)
  t.is(observe(first, 0.2, now, { ...config, halfLifeSeconds: 0 }).share, 0.2)
  t.is(observe(first, 0.2, now - 1, config), first)
})

test('a fee that is close enough is left alone', (t) => {
  t.deepEqual(decide(view(0.5), 100, now, config), { type: 'hold', because: 'close-enough' })
  t.deepEqual(decide(view(0.5), 95, now, config), { type: 'hold', because: 'close-enough' })
  t.is(decide(view(0.5), 90, now, config).type, 'change')
})

test('a fee outside its bounds is brought back however small the step', (t) => {
  const decision = decide(view(0), 1_001, now, config)
  t.is(decision.type === 'change' && decision.ppm, 1_000)
})

test('a fee is not changed twice within the shortest interval', (t) => {
  const changed = { ...view(0), changedAt: now }
  t.deepEqual(decide(changed, 100, now + 299_999, config), { type: 'hold', because: 'too-soon' })
  t.is(decide(changed, 100, now + 300_000, config).type, 'change')
})

test('each change says why', (t) => {
  t.deepEqual(decide(view(0.25), 100, now, config), {
    type: 'change',
    ppm: 316,
    reason: {
      code: 'outbound-scarce',
      text: 'outbound share is 25 %: 100 to 316 ppm to slow what drains it',
    },
  })
  const down = decide(view(0.75), 100, now, config)
  t.is(down.type === 'change' && down.reason.code, 'outbound-plentiful')
})
