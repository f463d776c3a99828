import { readAmount } from '../lib/amount.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { MAX_FEE_BASE_MSAT, MAX_FEE_PROPORTIONAL_MILLIONTHS } from '../node/settings.ts'
import type { TrampolinePolicy } from '../payment/trampoline/trampoline-protocol.ts'

/** BOLT 2, `cltv_expiry_delta` selection: with fewer, an HTLC may be lost to the chain. And two weeks are the most that a payment is held. */
const BLOCKS = { least: 34, most: 2016 }

/** What an operator asks for as a trampoline node: base fee, parts per million, blocks. */
export const trampolineTerms = (text: string): Result<TrampolinePolicy, string> => {
  const [base = '', ppm = '', blocks = '', ...more] = text.split(',')
  const amount = readAmount(base, 'msat')
  if (!amount.ok) return err(amount.error)
  if (amount.value > MAX_FEE_BASE_MSAT) return err(`the base fee is at most ${MAX_FEE_BASE_MSAT}msat`)
  const feeProportionalMillionths = Number(ppm)
  if (!/^\d{1,6}$/.test(ppm) || feeProportionalMillionths > MAX_FEE_PROPORTIONAL_MILLIONTHS)
    return err(`the fee is at most ${MAX_FEE_PROPORTIONAL_MILLIONTHS} millionths of the amount`)
  const cltvExpiryDelta = Number(blocks)
  const { least, most } = BLOCKS
  if (!/^\d{1,4}$/.test(blocks) || more.length > 0 || cltvExpiryDelta < least || cltvExpiryDelta > most)
    return err(`expected ${least} to ${most} blocks last`)
  return ok({ feeBaseMsat: amount.value, feeProportionalMillionths, cltvExpiryDelta })
}
