import { extendedPublicKey, fingerprint, readExtendedPrivateKey } from '../bitcoin/extended-key.ts'
import type { Network } from '../bitcoin/network.ts'
import { HARDENED_OFFSET, hdKey } from '../crypto/hd-key.ts'
import { toHex } from '../lib/bytes.ts'
import type { AddressType, KeyChain } from './keys.ts'

// BIP 380: an origin, an extended key and a path; BIP 382 and BIP 386: what is made of its children.
const FORM = /^(wpkh|tr)\((?:\[([0-9a-f]{8})((?:\/\d+[h'])*)\])?(\w+)((?:\/\d+[h']?)*)\/\*\)(?:#\w{8})?$/

const TYPES: Readonly<Record<string, AddressType>> = { wpkh: 'p2wpkh', tr: 'p2tr' }

interface Step {
  readonly index: number
  readonly isHardened: boolean
}

/**
 * The chain of keys of a descriptor with a private key, as the wallets of bitcoind have one for each kind of address. `undefined` for
 * descriptors of other forms and for keys of another network.
 */
export const readPrivateDescriptor = (
  text: string,
  network: Network,
): { readonly type: AddressType; readonly chain: KeyChain } | undefined => {
  const [, name = '', origin, originPath = '', encoded = '', path = ''] = FORM.exec(text) ?? []
  const type = TYPES[name]
  const extended = readExtendedPrivateKey(encoded, network.extendedPrivateKeyVersion)
  const steps = stepsOf(path)
  if (type === undefined || extended === undefined || steps === undefined) return undefined
  const root = hdKey(extended.privateKey, extended.chainCode)
  // What is public begins below the last hardened step: from there on public keys are enough.
  const hardened = steps.slice(0, steps.findLastIndex(({ isHardened }) => isHardened) + 1)
  let key = root
  let place = { ...extended, version: network.extendedPublicKeyVersion, publicKey: root.publicKey }
  for (const { index, isHardened } of hardened) {
    const parentFingerprint = fingerprint(key.publicKey)
    key = isHardened ? key.hardenedChild(index) : key.child(index)
    const { publicKey, chainCode } = key
    const childNumber = isHardened ? HARDENED_OFFSET + index : index
    place = { ...place, depth: place.depth + 1, parentFingerprint, childNumber, publicKey, chainCode }
  }
  const from = origin ?? (hardened.length > 0 ? toHex(fingerprint(root.publicKey)) : undefined)
  const shownOrigin = from === undefined ? '' : `[${from}${originPath.replaceAll("'", 'h')}${pathOf(hardened)}]`
  const open = steps.slice(hardened.length)
  const expression = `${shownOrigin}${extendedPublicKey(place)}${pathOf(open)}/*`
  return { type, chain: { key: open.reduce((parent, { index }) => parent.child(index), key), expression } }
}

const stepsOf = (path: string): readonly Step[] | undefined => {
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => ({ index: Number.parseInt(step, 10), isHardened: /[h']$/.test(step) }))
  return steps.every(({ index }) => index < HARDENED_OFFSET) ? steps : undefined
}

const pathOf = (steps: readonly Step[]): string =>
  steps.map(({ index, isHardened }) => `/${index}${isHardened ? 'h' : ''}`).join('')
