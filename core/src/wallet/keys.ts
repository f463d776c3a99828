import { extendedPublicKey, fingerprint } from '../bitcoin/extended-key.ts'
import type { Network } from '../bitcoin/network.ts'
import { p2tr, p2wpkh } from '../bitcoin/script.ts'
import { taprootOutputKey, xOnly } from '../bitcoin/taproot.ts'
import { HARDENED_OFFSET, type HdKey } from '../crypto/hd-key.ts'
import { toHex } from '../lib/bytes.ts'
import type { PrivateKey, PublicKey } from '../lib/ids.ts'

/** The kinds of output that the wallet makes: BIP 84 and BIP 86. */
export type AddressType = 'p2wpkh' | 'p2tr'

/** `receive` addresses are given out, `change` goes back to ourselves. */
export type Branch = 'receive' | 'change'

/** Which key of ours an output pays: the last two steps of its path and what decides the first. */
export interface KeyPath {
  readonly type: AddressType
  readonly branch: Branch
  readonly index: number
}

const PURPOSE: Readonly<Record<AddressType, number>> = { p2wpkh: 84, p2tr: 86 }

/** Every address type with every branch. */
export const KEY_CHAINS: readonly Omit<KeyPath, 'index'>[] = [
  { type: 'p2tr', branch: 'receive' },
  { type: 'p2tr', branch: 'change' },
  { type: 'p2wpkh', branch: 'receive' },
  { type: 'p2wpkh', branch: 'change' },
]

/** Names the key: `p2tr receive 7`. */
export const pathName = ({ type, branch, index }: KeyPath): string => `${type} ${branch} ${index}`

/** The wallet's keys, account 0: m/84'/coin'/0' and m/86'/coin'/0'. */
export interface WalletKeys {
  script(path: KeyPath): Uint8Array
  publicKey(path: KeyPath): PublicKey
  privateKey(path: KeyPath): PrivateKey
  /** A script that was derived before. Only for keys in use: a fresh address is derived, whatever the disk says. */
  remember(path: KeyPath, script: Uint8Array): void
  /** Derives the keys that `find` searches; thousands of keys take a while, so other work gets its turn in between. */
  prepare(next: NextIndexes, pace: () => Promise<void> | undefined): Promise<void>
  /** The key that an output script pays, looked for below `next` and up to the gap limit above it, on every chain. */
  find(script: Uint8Array, next: NextIndexes): KeyPath | undefined
  /** From now on keys are looked for as far above `next` as a node that lost its memory may have given them out. */
  widen(): void
  /** What a watch-only wallet needs of an address type: the account's extended public key with its origin (BIP 32, BIP 380). */
  account(type: AddressType): AccountKey
}

interface AccountKey {
  /** The master key's fingerprint and the path from it: `[73c5da0a/86h/0h/0h]`. */
  readonly origin: string
  /** `xpub…` or `tpub…`. */
  readonly extendedKey: string
}

/** On each chain, the first index that was neither given out nor seen. */
export type NextIndexes = Readonly<Record<AddressType, Readonly<Record<Branch, number>>>>

// BIP 44, address gap limit: this many addresses that were given out and never paid may hide the ones after them.
const GAP_LIMIT = 20

/** Each channel has an address that is paid when it closes, so a node of many channels leaves long gaps. */
const RECOVERY_GAP = 1_000

/** `root` is the master key of the node's seed. */
export const walletKeys = (root: HdKey, network: Network): WalletKeys => {
  const steps = (type: AddressType): readonly number[] => [PURPOSE[type], network.coinType, 0]
  const account = (type: AddressType): HdKey => steps(type).reduce((key, step) => key.hardenedChild(step), root)
  const accounts = { p2wpkh: account('p2wpkh'), p2tr: account('p2tr') }
  const chains = (key: HdKey) => ({ receive: key.child(0), change: key.child(1) })
  const branches = { p2wpkh: chains(accounts.p2wpkh), p2tr: chains(accounts.p2tr) }

  let gap = GAP_LIMIT
  const known = new Map<string, KeyPath>()
  // A key costs half a millisecond, and each coin's script is asked for whenever coins are chosen.
  const scripts = new Map<string, Uint8Array>()
  const knownUpTo = { p2wpkh: { receive: 0, change: 0 }, p2tr: { receive: 0, change: 0 } }

  const publicKey = ({ type, branch, index }: KeyPath): PublicKey => branches[type][branch].child(index).publicKey
  const script = (path: KeyPath): Uint8Array => {
    const name = pathName(path)
    const cached = scripts.get(name)
    if (cached !== undefined) return cached
    const key = publicKey(path)
    const made = path.type === 'p2tr' ? p2tr(taprootOutputKey(xOnly(key))) : p2wpkh(key)
    scripts.set(name, made)
    return made
  }
  function* learning(next: NextIndexes): Generator<void> {
    for (const { type, branch } of KEY_CHAINS) {
      const end = next[type][branch] + gap
      for (let index = knownUpTo[type][branch]; index < end; index++) {
        const path = { type, branch, index }
        known.set(toHex(script(path)), path)
        knownUpTo[type][branch] = index + 1
        yield
      }
    }
  }

  return {
    publicKey,
    script,
    widen() {
      gap = RECOVERY_GAP
    },
    account(type) {
      const [purpose = 0, coin = 0, last = 0] = steps(type)
      const parent = root.hardenedChild(purpose).hardenedChild(coin)
      const { publicKey, chainCode } = accounts[type]
      return {
        origin: `[${toHex(fingerprint(root.publicKey))}/${purpose}h/${coin}h/${last}h]`,
        extendedKey: extendedPublicKey({
          version: network.extendedPublicKeyVersion,
          depth: 3,
          parentFingerprint: fingerprint(parent.publicKey),
          childNumber: HARDENED_OFFSET + last,
          chainCode,
          publicKey,
        }),
      }
    },
    remember(path, stored) {
      scripts.set(pathName(path), stored)
    },
    async prepare(next, pace) {
      for (const _ of learning(next)) await pace()
    },
    privateKey: ({ type, branch, index }) => branches[type][branch].child(index).privateKey,
    find(wanted, next) {
      // Most outputs of a block have another form: no key is derived and nothing is looked up for them.
      if (wanted.length !== 22 && wanted.length !== 34) return undefined
      for (const _ of learning(next));
      return known.get(toHex(wanted))
    },
  }
}
