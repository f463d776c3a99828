import { kebab } from '@fulgurite/plugin-sdk/contract'

/** `fundingTxid` as a column or label: `funding txid`. */
export const label = (name: string): string => kebab(name).replaceAll('-', ' ')

/** What somebody typed, so that it shows also where there is nothing to see. */
export const asTyped = (text: string): string => (/^\S+$/.test(text) ? text : JSON.stringify(text))
