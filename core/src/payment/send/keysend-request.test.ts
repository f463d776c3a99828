import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import { decodeHopPayload, encodeHopPayload } from '../../onion/hop-payload.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { type KeysendRequestOptions, keysendRequest } from './keysend-request.ts'
import { finalPayload, withoutSecrets } from './recipient.ts'

const preimage = named('preimage')
const [us, payee] = [testNode('us').nodeId, testNode('payee').nodeId]

const asked = (more: Partial<KeysendRequestOptions> = {}) =>
  keysendRequest({
    destination: payee,
    amountMsat: 1_000_000n,
    maxFeeMsat: undefined,
    customRecords: [],
    preimage,
    inParts: false,
    key: 'key',
    ourNodeId: us,
    ...more,
  })

test('bLIP 3 — the payment’s hash is that of its preimage, which the payee alone is told', (t) => {
  const customRecords = [7_629_169n, 65_536n].map((type) => ({ type, value: named(`${type}`) }))
  const request = asked({ customRecords })
  t.true(request.ok)
  if (!request.ok) return
  const { target, maxFeeMsat } = request.value
  t.deepEqual(target.paymentHash, sha256(preimage))
  t.is(maxFeeMsat, 10_000n)
  t.false(target.multiPart)
  if (target.recipient.type !== 'keysend') return t.fail()
  const payload = finalPayload(target.recipient, { amountMsat: 1_000_000n, cltvExpiry: 540 }, target.amountMsat)
  t.deepEqual(payload, {
    type: 'final',
    amtToForward: 1_000_000n,
    outgoingCltvValue: 540,
    keysendPreimage: preimage,
    unknownTlvs: customRecords.toReversed(),
  })
  // An even one is for a payee that knows it: we do not.
  const odd = { ...payload, unknownTlvs: customRecords.slice(0, 1) }
  t.deepEqual(decodeHopPayload(encodeHopPayload(odd), true), { ok: true, value: odd })
  t.false(decodeHopPayload(encodeHopPayload(payload), true).ok)
  t.deepEqual(withoutSecrets(target.recipient), {
    type: 'keysend',
    nodeId: payee,
    customRecords: [],
    minFinalCltvExpiryDelta: 40,
    routeHints: [],
  })
})

test('parts of a keysend are joined by a secret of the payer, and one that comes alone has none', (t) => {
  const request = asked({ inParts: true })
  if (!request.ok || request.value.target.recipient.type !== 'keysend') return t.fail()
  const { recipient, amountMsat, multiPart } = request.value.target
  t.true(multiPart)
  const told = (part: bigint) => finalPayload(recipient, { amountMsat: part, cltvExpiry: 540 }, amountMsat)
  const [one, other, alone] = [told(400_000n), told(600_000n), told(1_000_000n)]
  t.like(one, { amtToForward: 400_000n, paymentData: { totalMsat: 1_000_000n }, keysendPreimage: preimage })
  t.deepEqual(one.type === 'final' && one.paymentData, other.type === 'final' && other.paymentData)
  t.false('paymentData' in alone)
})

test('a keysend to ourselves, of nothing, or with records that do not go into an onion is none', (t) => {
  const record = (type: bigint, length = 1) => ({ type, value: new Uint8Array(length) })
  t.deepEqual(asked({ destination: us }), { ok: false, error: { code: 'own-node' } })
  t.deepEqual(asked({ amountMsat: 0n }), { ok: false, error: { code: 'amount-out-of-bounds' } })
  for (const customRecords of [
    [record(5_482_373_484n, 32)],
    [record(65_537n), record(70_000n), record(65_537n)],
    [record(65_537n, 500), record(65_539n, 500)],
  ])
    t.like(asked({ customRecords }), { ok: false, error: { code: 'invalid-records' } })
  t.true(asked({ customRecords: [record(65_537n, 990)] }).ok)
})
