import test from 'ava'
import { fromHex } from '../lib/bytes.ts'
import { inboundFeeOf } from './inbound-fee.ts'

const feeIn = (extension?: string) => inboundFeeOf(extension === undefined ? {} : { extension: fromHex(extension) })

test('bLIP 18 — an inbound fee is read, negative or not, whatever stands around it', (t) => {
  t.deepEqual(feeIn('fdd90308ffffffff00000005'), { baseMsat: -1, proportionalMillionths: 5 })
  t.deepEqual(feeIn('020101fdd903087fffffff80000000fdd9050100'), {
    baseMsat: 0x7fffffff,
    proportionalMillionths: -0x80000000,
  })
})

test('bLIP 18 — without a readable fee there is none', (t) => {
  for (const extension of [undefined, '', '0100', 'fdd90307ffffffff000000', 'fdd90308ffffffff', 'ff']) {
    t.is(feeIn(extension), undefined)
  }
})
