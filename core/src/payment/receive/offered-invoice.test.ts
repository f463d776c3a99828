import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import { named } from '../fixtures/nodes.ts'
import { type OfferedInvoice, offeredPathId, offeredPreimage, recalledInvoice } from './offered-invoice.ts'

const secret = named('secret')
const offered: OfferedInvoice = {
  offer: { offerId: named('offer'), quantity: 3n, payerNote: 'two with cream' },
  nonce: named('nonce').subarray(0, 16),
  amountMsat: 5_000n,
  minFinalCltvExpiryDelta: 30,
  createdAt: 1_000,
  expiresAt: 9_000,
}

test('an invoice for an offer comes back from the path that its payment came by', (t) => {
  const pathId = offeredPathId(offered)
  const preimage = offeredPreimage(secret, pathId)
  const { nonce: _, ...said } = offered
  t.deepEqual(recalledInvoice(secret, sha256(preimage), pathId), {
    type: 'bolt12',
    ...said,
    pathId,
    preimage,
    paymentHash: sha256(preimage),
    state: { type: 'open' },
  })
})

test('a path that we did not write brings nothing back, nor does one of another payment', (t) => {
  const pathId = offeredPathId(offered)
  const hash = sha256(offeredPreimage(secret, pathId))
  const cheaper = offeredPathId({ ...offered, amountMsat: 1n })
  t.is(recalledInvoice(secret, hash, cheaper), undefined)
  t.is(recalledInvoice(named('another'), hash, pathId), undefined)
  t.is(recalledInvoice(secret, sha256(named('x')), pathId), undefined)
  t.notDeepEqual(
    offeredPreimage(secret, pathId),
    offeredPreimage(secret, offeredPathId({ ...offered, nonce: named('n') })),
  )
  // Bytes of ours of another form are none.
  const odd = Uint8Array.of(9, 9)
  t.is(recalledInvoice(secret, sha256(offeredPreimage(secret, odd)), odd), undefined)
})
