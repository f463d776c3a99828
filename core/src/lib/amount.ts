import { err, ok, type Result } from './result.ts'

/** How an amount is written: `0.001btc`, `25000sat`, `1500msat`. */
const UNIT_MSAT = { btc: 100_000_000_000n, sat: 1_000n, msat: 1n } as const

type Unit = keyof typeof UNIT_MSAT

/** What a field is counted in. */
export type AmountUnit = 'sat' | 'msat'

// Longer than all bitcoin in any unit, and short enough that arithmetic with it is fast.
const AMOUNT = /^(\d{1,19})(?:\.(\d{1,11}))?(btc|BTC|sat|msat)$/

/**
 * Reads an amount that a person has written. The number has its unit with it, whatever unit the field has, so that the same text means
 * the same everywhere; only 0 needs no unit. The error says what to write instead.
 */
export const readAmount = (text: string, counted: AmountUnit): Result<bigint, string> => {
  if (text === '0') return ok(0n)
  const match = AMOUNT.exec(text)
  if (match === null) return err(complaint(text))
  const [, whole = '', fraction = '', written = ''] = match
  const unit = written.toLowerCase() as Unit
  const scale = 10n ** BigInt(fraction.length)
  // In millisatoshis, times the scale: nothing is rounded before the remainder is known.
  const scaled = BigInt(whole + fraction) * UNIT_MSAT[unit]
  const step = UNIT_MSAT[counted] * scale
  if (scaled % step !== 0n) return err(`expected whole ${WHOLE[counted]}, which ${text} is not`)
  return ok(scaled / step)
}

const WHOLE: Readonly<Record<AmountUnit, string>> = { sat: 'satoshis', msat: 'millisatoshis' }

const complaint = (text: string): string => {
  const shown = text.length > 32 ? `${text.slice(0, 32)}…` : text
  if (/^[\d.]{1,19}$/.test(text) && /\d/.test(text)) {
    return `say the unit: ${text}sat, or ${text} followed by msat or btc`
  }
  if (/^[\d.]*[,_' ][\d.,_' ]*(btc|sat|msat)?$/i.test(text))
    return `write the number without separators or spaces, not ${shown}`
  return `expected an amount with its unit, such as 25000sat, 0.001btc or 1500msat, not ${shown}`
}
