import test from 'ava'
import { PROOFS } from '../../dns/fixtures/bip353.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { offerByName, resolveName } from './offer-by-name.ts'

const AUGUST_6 = Date.UTC(2025, 7, 6, 12)

const vector = (name: keyof typeof PROOFS) => {
  const bytes = fromHex(PROOFS[name])
  const length = 1 + (bytes[0] ?? 0)
  return { name: `₿${String.fromCharCode(...bytes.subarray(1, length))}`, proof: toHex(bytes.subarray(length)) }
}

test('an offer is found by a name and its proof, at any time, and holds only while the proof does', (t) => {
  const asked = vector('wildcard')
  const found = offerByName(asked)
  if (!found.ok) return t.fail(found.error.message)
  t.deepEqual(found.value.name, { name: 'a.x_domain_cname_wild', domain: 'dnssec_proof_tests.bitcoin.ninja' })
  t.regex(found.value.offer, /^lno1/)
  t.true(offerByName(asked, AUGUST_6).ok)
  t.like(offerByName(asked, Date.UTC(2026, 0)), { error: { code: 'proof-invalid', details: { reason: 'expired' } } })
  t.true(offerByName({ ...asked, offer: found.value.offer }).ok)
  // Neither names nor offers mean anything else in capitals.
  t.true(offerByName({ ...asked, offer: found.value.offer.toUpperCase() }).ok)
  t.true(offerByName({ ...asked, name: asked.name.toUpperCase() }).ok)
  t.like(offerByName({ ...asked, offer: 'lno1other' }), { error: { code: 'offer-invalid', field: 'name' } })
})

test('a name without its proof, or that leads to no offer, pays nobody', (t) => {
  const { name, proof } = vector('simple')
  t.like(offerByName({ name, proof }), { error: { code: 'offer-invalid' } })
  t.like(offerByName({ name }), { error: { code: 'invalid-request', field: 'proof' } })
  t.like(offerByName({ proof }), { error: { code: 'invalid-request' } })
  t.like(offerByName({}), { error: { code: 'invalid-request', field: 'offer' } })
  t.like(offerByName({ offer: 'lno1', name }), { error: { code: 'invalid-request', field: 'proof' } })
  t.deepEqual(offerByName({ offer: 'lno1' }), { ok: true, value: { offer: 'lno1' } })
  t.like(resolveName('nobody', proof), { error: { code: 'name-invalid' } })
  t.like(resolveName('₿x@example.com', proof), { error: { code: 'proof-invalid', details: { reason: 'not-proven' } } })
})
