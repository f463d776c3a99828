import test from 'ava'
import type { PayableInvoice } from '../../invoice/bolt12/invoice.ts'
import { named } from '../fixtures/nodes.ts'
import { offerTarget } from './offer-target.ts'

const invoice: PayableInvoice = {
  invoice: { offerDescription: 'tea' },
  nodeId: named('issuer'),
  paymentHash: named('hash'),
  amountMsat: 5_000n,
  expiresAt: 9_000,
  paths: [],
  multiPart: 'optional',
  fallbacks: [],
}

test('BOLT 12, invoices read — it is paid in parts where it has to be, and nowhere else', (t) => {
  t.like(offerTarget('lno1', invoice, []), { multiPart: true, amountMsat: 5_000n, invoice: 'lno1', description: 'tea' })
  t.like(offerTarget('lno1', { ...invoice, multiPart: 'no' }, []), { multiPart: false })
  // What has to come in parts, however small it is, is not paid at all.
  t.is(offerTarget('lno1', { ...invoice, multiPart: 'compulsory' }, []), undefined)
  t.is(offerTarget('x'.repeat(8_000), invoice, [])?.invoice, undefined)
})
