import { descriptorChecksum } from '../bitcoin/descriptor-checksum.ts'
import { type AddressType, type Branch, KEY_CHAINS, type NextIndexes, type WalletKeys } from './keys.ts'

/** A ranged output descriptor (BIP 380) of one of the wallet's chains of keys: public, so that it shows coins and spends none. */
export interface WalletDescriptor {
  readonly type: AddressType
  readonly branch: Branch
  /** With its checksum. */
  readonly descriptor: string
  /** The first index that was neither given out nor seen. */
  readonly next: number
}

// BIP 382 and BIP 386.
const EXPRESSION: Readonly<Record<AddressType, string>> = { p2wpkh: 'wpkh', p2tr: 'tr' }

/** A descriptor without its checksum. */
export const descriptorText = (type: AddressType, expression: string): string => `${EXPRESSION[type]}(${expression})`

export const walletDescriptors = (
  keys: Pick<WalletKeys, 'expression'>,
  next: NextIndexes,
): readonly WalletDescriptor[] =>
  KEY_CHAINS.map(({ type, branch }) => {
    const text = descriptorText(type, keys.expression({ type, branch }))
    return { type, branch, descriptor: `${text}#${descriptorChecksum(text)}`, next: next[type][branch] }
  })
