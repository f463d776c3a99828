import { kebab } from '@fulgurite/plugin-sdk/contract'

/** `fundingTxid` as a column or label: `funding txid`. */
export const label = (name: string): string => kebab(name).replaceAll('-', ' ')

/** What somebody typed, quoted if it would not be visible otherwise. */
export const asTyped = (text: string): string => (/^\S+$/.test(text) ? text : JSON.stringify(text))
