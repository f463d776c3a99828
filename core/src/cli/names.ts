/** `setRelayFees` as people type it: `set-relay-fees`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** `fundingTxid` as a column or label: `funding txid`. */
export const label = (name: string): string => kebab(name).replaceAll('-', ' ')
