import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { ok } from '../../lib/result.ts'
import { seededRng } from '../../lib/rng.ts'
import { named, testNode } from '../../payment/fixtures/nodes.ts'
import type { ProbeRecord } from '../../payment/probe/probe.ts'
import type { SentPayment } from '../../payment/send/payment.ts'
import type { ProbesProtocol } from '../payment/probes-actor.ts'
import type { MappingContext } from './context.ts'
import { probeHandlers } from './probe-handlers.ts'

test('router.probe — whoever waits for a probe is told what came back, though it was out until its HTLC ran out', async (t) => {
  const clock = virtualClock()
  const rng = seededRng(1)
  const system = createActorSystem({ clock, rng })
  t.teardown(() => system.stop())
  const { nodeId } = testNode('payee')
  const asked: { readonly payment: SentPayment; readonly back: (record: ProbeRecord) => void }[] = []
  const probes = system.spawn<ProbesProtocol>('probes', () => ({
    handlers: {
      probe: ({ request: { target, maxFeeMsat, key } }) =>
        new Promise((resolve) => {
          const payment = {
            target,
            maxFeeMsat,
            key,
            startedAt: 0,
            attempts: [],
            nextAttemptId: 0,
            status: 'failed',
          } as const
          asked.push({ payment, back: (record) => resolve(ok(record)) })
        }),
      ended: () => undefined,
      underWay: () => [],
      settled: () => {},
      added: () => {},
      resume: () => {},
    },
  }))
  const context = {
    flow: { probes },
    options: { rng },
    chainHealth: { blindness: () => undefined },
    height: () => 500,
  } as unknown as MappingContext
  const hop = { nodeId, shortChannelId: 1n, amountMsat: 1_000n, cltvExpiryDelta: 18, probability: 1 }
  const path = {
    channelId: named('own'),
    hops: [hop],
    amountMsat: 1_000n,
    feesMsat: 0n,
    cltvExpiryDelta: 18,
    probability: 1,
  }
  const { probe } = probeHandlers(context, async () => ok({ paths: [path], feesMsat: 0n, probability: 1 }))
  const request = { nodeId: '02'.repeat(33), amountMsat: 1_000n } as never
  const answer = probe(request, { caller: { kind: 'operator' }, key: 'key' } as never)
  await new Promise(setImmediate)
  // 2016 blocks, and what the chain takes besides.
  await clock.advance(16 * 24 * 3_600_000)
  const [first] = asked
  first?.back({ payment: first.payment })
  t.like(await answer, { ok: true, value: { probe: { amountMsat: 0n } } })
})
