import test from 'ava'
import fc from 'fast-check'
import type { FailureMessage } from '../onion/failure-message.ts'
import { named, testNode } from './fixtures/nodes.ts'
import { relayEnv } from './fixtures/relay-env.ts'
import { payloadFailure, refusalFailure } from './receive/payload-failure.ts'
import { stepInvoice, waiting } from './receive/receive-machine.ts'
import type { FinalHtlc } from './receive/receive-protocol.ts'
import { startRelay } from './relay/relay-machine.ts'
import type { RelayChannel, RelayRequest } from './relay/relay-protocol.ts'

type Told = FailureMessage['type']

// BOLT 4, failure messages, requirements: what either of them may tell, and the other must not. What both may is in neither list.
const BY_RELAYS_ALONE: readonly Told[] = [
  'temporary_channel_failure',
  'permanent_channel_failure',
  'required_channel_feature_missing',
  'unknown_next_peer',
  'amount_below_minimum',
  'fee_insufficient',
  'incorrect_cltv_expiry',
  'expiry_too_soon',
  'expiry_too_far',
  'channel_disabled',
]
const BY_THE_PAYEE_ALONE: readonly Told[] = [
  'incorrect_or_unknown_payment_details',
  'final_incorrect_cltv_expiry',
  'final_incorrect_htlc_amount',
  'mpp_timeout',
]

const REFUSALS = ['exceeds-dust-exposure', 'unknown-records-in-htlc', 'funding-undone', 'added-after-shutdown'] as const
const TYPES = [8n, 10n, 12n, 14n, 18n, 65_536n, 5_482_373_484n]

const amount = fc.bigInt({ min: 0n, max: 3_000_000n })
const height = fc.integer({ min: 400, max: 3_000 })

test('BOLT 4, failure messages — the payee tells nothing that only a relay may', (t) => {
  const htlc = { isFinal: true, amountMsat: 1n, height: 500 }
  const told: Told[] = [
    ...REFUSALS.map((refusal) => refusalFailure(refusal, htlc).type),
    ...TYPES.map((tlvType) => payloadFailure({ code: 'invalid-onion-payload', tlvType, offset: 0 }, htlc).type),
  ]
  const invoice = {
    type: 'bolt11',
    paymentHash: named('hash'),
    preimage: named('preimage'),
    paymentSecret: named('secret'),
    amountMsat: 1_000_000n,
    description: '',
    invoice: '',
    minFinalCltvExpiryDelta: 18,
    createdAt: 0,
    expiresAt: 10,
    state: { type: 'open' },
  } as const
  fc.assert(
    fc.property(amount, amount, amount, height, height, fc.boolean(), fc.nat(20), (...drawn) => {
      const [amountMsat, amtToForward, totalMsat, cltvExpiry, outgoingCltvValue, isKnown, now] = drawn
      const part: FinalHtlc = {
        channelId: named('channel'),
        htlcId: 1n,
        amountMsat,
        cltvExpiry,
        payload: {
          type: 'final',
          amtToForward,
          outgoingCltvValue,
          paymentData: { paymentSecret: named(isKnown ? 'secret' : 'another'), totalMsat },
        },
      }
      const { effects } = stepInvoice(
        waiting(invoice),
        { type: 'htlc', htlc: part },
        { now, height: 500, canClaim: () => true, mayHold: () => true },
      )
      for (const effect of effects) {
        if (effect.type === 'fail' && effect.failure.type === 'own') told.push(effect.failure.failure.type)
      }
    }),
    { seed: 41, numRuns: 500 },
  )
  t.deepEqual(
    told.filter((type) => BY_RELAYS_ALONE.includes(type)),
    [],
  )
  t.true(new Set(told).size >= 4)
})

test('BOLT 4, failure messages — a relay tells nothing that only the payee may', (t) => {
  const told: Told[] = [
    ...REFUSALS.map((refusal) => refusalFailure(refusal, { isFinal: false, amountMsat: 1n, height: 500 }).type),
    ...TYPES.map(
      (tlvType) =>
        payloadFailure(
          { code: 'invalid-onion-payload', tlvType, offset: 0 },
          { isFinal: false, amountMsat: 1n, height: 500 },
        ).type,
    ),
  ]
  const status = fc.constantFrom<RelayChannel['status'][]>('usable', 'offline', 'closing')
  fc.assert(
    fc.property(amount, amount, height, height, status, amount, fc.nat(2), (...drawn) => {
      const [amountMsat, amtToForward, cltvExpiry, outgoingCltvValue, now, spendableMsat, scid] = drawn
      const channel: RelayChannel = {
        channelId: named('out'),
        remoteNodeId: testNode('bob').nodeId,
        shortIds: { real: 1n, localAliases: [] },
        aliasOnly: false,
        policies: {
          current: {
            feeBaseMsat: 1000n,
            feeProportionalMillionths: 100,
            cltvExpiryDelta: 40,
            htlcMinimumMsat: 1000n,
            htlcMaximumMsat: 50_000_000n,
          },
          since: 0,
          updateTimestamp: 1,
        },
        status: now,
        spendableMsat,
      }
      const request: RelayRequest = {
        incoming: { channelId: named('in'), htlcId: 1n },
        amountMsat,
        cltvExpiry,
        paymentHash: named('hash'),
        payload: {
          type: 'relay',
          amtToForward,
          outgoingCltvValue,
          next: { type: 'channel', shortChannelId: BigInt(scid) },
        },
        nextOnion: new Uint8Array(1366),
      }
      const env = relayEnv({ named: (id) => (id === 1n ? channel : undefined), byRoom: () => [] })
      const { effects } = startRelay(request, env)
      for (const effect of effects) {
        if (effect.type === 'fail' && effect.failure.type === 'own') told.push(effect.failure.failure.type)
      }
    }),
    { seed: 42, numRuns: 2_000 },
  )
  t.deepEqual(
    told.filter((type) => BY_THE_PAYEE_ALONE.includes(type)),
    [],
  )
  // All that a relay has to tell of an HTLC, and of a payload.
  t.deepEqual([...new Set(told)].toSorted(), [
    'amount_below_minimum',
    'channel_disabled',
    'expiry_too_far',
    'expiry_too_soon',
    'fee_insufficient',
    'incorrect_cltv_expiry',
    'invalid_onion_payload',
    'temporary_channel_failure',
    'unknown_next_peer',
  ])
})
