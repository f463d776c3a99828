import { isAmount, type Shape } from '@fulgurite/plugin-sdk/contract'

/** `setRelayFees` as people type it: `set-relay-fees`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A field as an argument or option: an amount says its unit itself, so `feeBaseMsat` is `fee-base`. */
export const argumentName = (key: string, shape: Shape): string =>
  kebab(shape.type === 'scalar' && isAmount(shape.scalar) ? key.replace(/(Msat|Sat)$/, '') : key)

/** `fundingTxid` as a column or label: `funding txid`. */
export const label = (name: string): string => kebab(name).replaceAll('-', ' ')

/** What somebody typed, so that it shows also where there is nothing to see. */
export const asTyped = (text: string): string => (/^\S+$/.test(text) ? text : JSON.stringify(text))
