import test from 'ava'
import type { HtlcOrigin, HtlcOutcome } from '../../channel/index.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { ATTRIBUTION_DATA_LENGTH } from '../../wire/messages/channel-operation.ts'
import { outboxRow, readOutboxRow } from './settlement-outbox.ts'

const filled = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte)
const LOCAL: HtlcOrigin = { type: 'local', payment: filled(4, 36) }
const RELAY: HtlcOrigin = { type: 'relay', upstream: [{ channelId: filled(5), htlcId: 6n }] }
const settlement = (origin: HtlcOrigin, outcome: HtlcOutcome) =>
  ({ type: 'settle', channelId: filled(1), htlcId: 2n, origin, outcome }) as const

const HTLC = `${'01'.repeat(32)}0000000000000002`
const [BY_LOCAL, BY_RELAY] = [`000024${'04'.repeat(36)}`, `010001${'05'.repeat(32)}0000000000000006`]
const [FULFILLED, FAILED, MALFORMED] = [
  `00${'07'.repeat(32)}00`,
  `0100000c${'08'.repeat(12)}`,
  `0101${'09'.repeat(32)}c005`,
]

/** Rows as version 2 wrote them: they stay readable for ever. */
const VERSION_2 = [
  [`02${HTLC}${BY_LOCAL}${FULFILLED}`, settlement(LOCAL, { type: 'fulfilled', preimage: filled(7), onChain: false })],
  [
    `02${HTLC}${BY_RELAY}${FAILED}`,
    settlement(RELAY, { type: 'failed', failure: { type: 'fail', reason: filled(8, 12) } }),
  ],
  [
    `02${HTLC}${BY_LOCAL}${MALFORMED}`,
    settlement(LOCAL, {
      type: 'failed',
      failure: { type: 'malformed', sha256OfOnion: filled(9), failureCode: 0xc005 },
    }),
  ],
  [`02${HTLC}${BY_RELAY}02`, settlement(RELAY, { type: 'not-sent' })],
  [`02${HTLC}${BY_LOCAL}03`, settlement(LOCAL, { type: 'timed-out-on-chain' })],
] as const

const keyOf = (effect: (typeof VERSION_2)[number][1]): Uint8Array => outboxRow(effect).key

test('rows of outcomes, versions 1 and 2 — are read', (t) => {
  for (const [row, effect] of VERSION_2) {
    t.deepEqual(readOutboxRow({ key: keyOf(effect), value: fromHex(row) }), effect)
    // Version 1 had the HTLC's message behind every outcome but the first kind.
    const first = `01${row.slice(2)}${effect.outcome.type === 'fulfilled' ? '' : '0003abcdef'}`
    t.deepEqual(readOutboxRow({ key: keyOf(effect), value: fromHex(first) }), effect)
  }
})

test('rows of outcomes, version 3 — are read and written, to the byte, with what they are attributed by', (t) => {
  const attribution = filled(3, ATTRIBUTION_DATA_LENGTH)
  const present = `01${toHex(attribution)}`
  const rows = [
    [
      `03${HTLC}${BY_LOCAL}${FULFILLED}${present}`,
      settlement(LOCAL, { type: 'fulfilled', preimage: filled(7), onChain: false, attribution }),
    ],
    [
      `03${HTLC}${BY_RELAY}${FAILED}${present}`,
      settlement(RELAY, { type: 'failed', failure: { type: 'fail', reason: filled(8, 12) }, attribution }),
    ],
    ...VERSION_2.map(([row, effect]) => {
      const { type } = effect.outcome
      return [`03${row.slice(2)}${type === 'fulfilled' || type === 'failed' ? '00' : ''}`, effect] as const
    }),
  ] as const
  for (const [row, effect] of rows) {
    const { key, value } = outboxRow(effect)
    t.is(toHex(value as Uint8Array), row)
    t.deepEqual(readOutboxRow({ key, value: fromHex(row) }), effect)
  }
})
