import test from 'ava'
import fc from 'fast-check'
import type { HtlcOutcome } from '../../channel/state/effects.ts'
import type { HtlcRef } from '../../channel/state/htlc.ts'
import { named } from '../fixtures/nodes.ts'
import { matchAfterRestart, type OfferedHtlc, type OutboxSettlement } from './match-after-restart.ts'
import type { RelayRecord } from './relay-protocol.ts'

const up = (id: number): HtlcRef => ({ channelId: named('up'), htlcId: BigInt(id) })
const out = (id: number, upstream: HtlcRef, channel = 'down'): OfferedHtlc => ({
  channelId: named(channel),
  htlcId: BigInt(id),
  origin: { type: 'relay', upstream: [upstream] },
})
const fulfilled: HtlcOutcome = { type: 'fulfilled', preimage: named('preimage'), onChain: false }
const failed: HtlcOutcome = { type: 'failed', failure: { type: 'fail', reason: named('reason') } }
const notSent: HtlcOutcome = { type: 'not-sent' }
const settled = (htlc: OfferedHtlc, outcome: HtlcOutcome): OutboxSettlement => ({ ...htlc, outcome })

/** The row of a relay that was begun; where it was to go out. */
const begun = (id: number, channel = 'down'): RelayRecord => ({
  paymentHash: named('hash'),
  incoming: [{ ...up(id), amountMsat: 1_001_000n, cltvExpiry: 640 }],
  requested: { type: 'channel', shortChannelId: 100n },
  startedAt: 0,
  outgoing: [{ channelId: named(channel), amountMsat: 1_000_000n, cltvExpiry: 600, firstHtlcId: BigInt(id) }],
})

const one = (
  outgoing: readonly OfferedHtlc[],
  settlements: readonly OutboxSettlement[],
  relays: readonly RelayRecord[] = [],
) => matchAfterRestart([up(1)], outgoing, settlements, relays).incoming[0]

test('a received HTLC that was never sent on is evaluated', (t) => {
  t.deepEqual(one([], []), { type: 'evaluate', incoming: up(1) })
  t.deepEqual(one([out(7, up(2))], []), { type: 'evaluate', incoming: up(1) })
})

test('one that is out is waited for', (t) => {
  t.deepEqual(one([out(7, up(1))], []), { type: 'wait', incoming: up(1), outgoing: out(7, up(1)) })
})

test('one whose outcome is known is settled, also while the HTLC is still being removed', (t) => {
  for (const outcome of [fulfilled, failed]) {
    const settlement = settled(out(7, up(1)), outcome)
    t.deepEqual(one([], [settlement]), { type: 'settle', incoming: up(1), settlement })
    t.deepEqual(one([out(7, up(1))], [settlement]), { type: 'settle', incoming: up(1), settlement })
  }
})

test('one that came back unsent is evaluated again, unless it has gone out elsewhere since', (t) => {
  const settlement = settled(out(7, up(1)), notSent)
  t.deepEqual(one([], [settlement]), { type: 'evaluate', incoming: up(1), applied: settlement })
  const elsewhere = out(3, up(1), 'other')
  t.deepEqual(one([elsewhere], [settlement]), { type: 'wait', incoming: up(1), outgoing: elsewhere })
  const done = settled(elsewhere, fulfilled)
  t.deepEqual(one([], [settlement, done]), { type: 'settle', incoming: up(1), settlement: done })
})

test('one whose relay was begun, and of which nothing tells, is not evaluated by that alone', (t) => {
  const { paymentHash, outgoing } = begun(1)
  const trace = { type: 'trace', incoming: up(1), offers: [{ paymentHash, ...outgoing[0] }] }
  t.deepEqual(one([], [], [begun(1)]), trace)
  t.deepEqual(one([out(7, up(2))], [settled(out(8, up(2)), failed)], [begun(2), begun(1)]), trace)
  // What came back unsent was another offer, before the one that the row tells of.
  const settlement = settled(out(7, up(1)), notSent)
  t.deepEqual(one([], [settlement], [begun(1, 'other')])?.type, 'trace')
  t.deepEqual(one([], [settlement], [begun(1)]), { type: 'evaluate', incoming: up(1), applied: settlement })
})

test('outcomes and HTLCs for received ones that are settled already are told apart', (t) => {
  const stale = settled(out(7, up(2)), fulfilled)
  const orphan = out(8, up(3))
  const { obsolete, orphans } = matchAfterRestart([up(1)], [orphan, out(9, up(1))], [stale], [])
  t.deepEqual(obsolete, [stale])
  t.deepEqual(orphans, [orphan])
})

test('what belongs to our own payments is handed to them', (t) => {
  const local = (reference: string, id: number): OfferedHtlc => ({
    channelId: named('down'),
    htlcId: BigInt(id),
    origin: { type: 'local', payment: named(reference) },
  })
  const settlement = settled(local('b', 2), fulfilled)
  const { payments, obsolete, orphans } = matchAfterRestart([], [local('a', 1)], [settlement], [])
  t.deepEqual(payments, {
    held: [named('a'), named('b')],
    settlements: [{ reference: named('b'), settlement }],
  })
  t.deepEqual(obsolete, [])
  t.deepEqual(orphans, [])
})

// Each relay stops at a random stage; matching must say of each what that stage needs, whatever the others are at.
test('relays in every stage are matched, in any order', (t) => {
  const stages = ['received', 'begun', 'out', 'removing', 'fulfilled', 'failed', 'unsent', 'forgotten', 'done'] as const
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...stages), { maxLength: 30 }), fc.boolean(), (relays, backwards) => {
      const incoming = relays.flatMap((stage, i) => (stage === 'done' ? [] : [up(i)]))
      const outgoing = relays.flatMap((stage, i) => (stage === 'out' || stage === 'removing' ? [out(i, up(i))] : []))
      const settlements = relays.flatMap((stage, i) => {
        const htlc = out(i, up(i))
        if (stage === 'fulfilled' || stage === 'removing' || stage === 'done') return [settled(htlc, fulfilled)]
        if (stage === 'failed') return [settled(htlc, failed)]
        return stage === 'unsent' ? [settled(htlc, notSent)] : []
      })
      // The row of a relay is there from before its HTLC is offered until its outcome is applied.
      const rows = relays.flatMap((stage, i) => (stage === 'received' || stage === 'done' ? [] : [begun(i)]))
      if (backwards) {
        rows.reverse()
        outgoing.reverse()
        settlements.reverse()
      }
      const matches = matchAfterRestart(incoming, outgoing, settlements, rows)
      const expected = relays.flatMap((stage) => {
        if (stage === 'done') return []
        if (stage === 'received' || stage === 'unsent') return ['evaluate']
        if (stage === 'begun' || stage === 'forgotten') return ['trace']
        return stage === 'out' ? ['wait'] : ['settle']
      })
      t.deepEqual(
        matches.incoming.map(({ type }) => type),
        expected as (typeof matches.incoming)[number]['type'][],
      )
      for (const match of matches.incoming) {
        if (match.type === 'wait') t.is(match.outgoing.htlcId, match.incoming.htlcId)
        if (match.type === 'trace') t.is(match.offers[0]?.firstHtlcId, match.incoming.htlcId)
        if (match.type === 'settle') t.is(match.settlement.htlcId, match.incoming.htlcId)
      }
      t.is(matches.obsolete.length, relays.filter((stage) => stage === 'done').length)
      t.deepEqual(matches.orphans, [])
    }),
    { seed: 41, numRuns: 300 },
  )
})
