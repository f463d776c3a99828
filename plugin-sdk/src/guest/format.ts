// How amounts, numbers and dates are shown to people. There is no `Intl` in a plugin: this is one way, the same on every machine.

const grouped = (digits: string): string => digits.replaceAll(/\B(?=(\d{3})+$)/g, ',')

const fixed = (amount: bigint, decimals: number, least: number): string => {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0')
  const whole = grouped(digits.slice(0, -decimals))
  const rest = digits.slice(-decimals).replace(/0+$/, '').padEnd(least, '0')
  return `${amount < 0n ? '-' : ''}${whole}${rest === '' ? '' : `.${rest}`}`
}

/** Satoshis: `1,234,567 sat`. */
export const formatSat = (sat: bigint): string => `${sat < 0n ? '-' : ''}${grouped(String(sat < 0n ? -sat : sat))} sat`

/** Millisatoshis, in satoshis with as many decimals as there are: `1,234.567 sat`. */
export const formatMsat = (msat: bigint): string => `${fixed(msat, 3, 0)} sat`

/** Satoshis as bitcoin, with all eight decimals: `0.01234567 BTC`. */
export const formatBtc = (sat: bigint): string => `${fixed(sat, 8, 8)} BTC`

/** A number with groups of three digits and this many decimals: `1,234.50`. */
export const formatNumber = (value: number, decimals = 0): string => {
  const text = value.toFixed(decimals)
  const [, sign = '', whole, rest = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? []
  return whole === undefined ? text : `${sign}${grouped(whole)}${rest}`
}

/** A moment, in milliseconds since 1970: `2026-01-31 23:59:59 UTC`. */
export const formatTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
