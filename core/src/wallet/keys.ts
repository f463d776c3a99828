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

/** One chain of keys: the keys of its addresses are the children of one key. */
export interface KeyChain {
  readonly key: HdKey
  /** Its key expression in a descriptor (BIP 380), public: `[73c5da0a/86h/0h/0h]xpub…/0/*`. */
  readonly expression: string
}

export type KeyChains = Readonly<Record<AddressType, Readonly<Record<Branch, KeyChain>>>>

/** The keys of the wallet's addresses. */
export interface WalletKeys {
  /** Somebody else gives out addresses of these keys and spends what they are paid, too. */
  readonly areShared: boolean
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
  /** The last index of a chain that may be given out. */
  lastIndex(chain: Omit<KeyPath, 'index'>): number
  /** Whoever shares the keys looks for payments up to these indexes and no further: none above them is given out. */
  limit(last: NextIndexes): void
  /** What a watch-only wallet needs of a chain: its key expression. */
  expression(chain: Omit<KeyPath, 'index'>): string
}

/** A number for each chain: where nothing else is said the first index that was neither given out nor seen. */
export type NextIndexes = Readonly<Record<AddressType, Readonly<Record<Branch, number>>>>

/** A value for each chain. */
export const perChain = <T>(make: (chain: Omit<KeyPath, 'index'>) => T) => {
  const of = (type: AddressType) => ({
    receive: make({ type, branch: 'receive' }),
    change: make({ type, branch: 'change' }),
  })
  return { p2wpkh: of('p2wpkh'), p2tr: of('p2tr') }
}

// BIP 44, address gap limit: this many addresses that were given out and never paid may hide the ones after them.
const GAP_LIMIT = 20

/** Each channel has an address that is paid when it closes, so a node of many channels leaves long gaps. */
const RECOVERY_GAP = 1_000

// BIP 44: the step of the path that tells given out from change.
const STEP: Readonly<Record<Branch, number>> = { receive: 0, change: 1 }

/** The chains of the node's seed, whose master key is `root`: account 0, m/84'/coin'/0' and m/86'/coin'/0'. */
export const seedChains = (root: HdKey, network: Network): KeyChains => {
  const accountOf = (type: AddressType) => {
    const [purpose, coin, last] = [PURPOSE[type], network.coinType, 0]
    const parent = root.hardenedChild(purpose).hardenedChild(coin)
    const key = parent.hardenedChild(last)
    const extendedKey = extendedPublicKey({
      version: network.extendedPublicKeyVersion,
      depth: 3,
      parentFingerprint: fingerprint(parent.publicKey),
      childNumber: HARDENED_OFFSET + last,
      chainCode: key.chainCode,
      publicKey: key.publicKey,
    })
    return { key, expression: `[${toHex(fingerprint(root.publicKey))}/${purpose}h/${coin}h/${last}h]${extendedKey}` }
  }
  const accounts = { p2wpkh: accountOf('p2wpkh'), p2tr: accountOf('p2tr') }
  return perChain(({ type, branch }) => {
    const { key, expression } = accounts[type]
    return { key: key.child(STEP[branch]), expression: `${expression}/${STEP[branch]}/*` }
  })
}

/** `areShared`: somebody else gives out addresses of these keys and spends what they are paid, too. */
export const walletKeys = (chains: KeyChains, { areShared = false } = {}): WalletKeys => {
  let last: NextIndexes = perChain(() => Number.POSITIVE_INFINITY)
  let gap = GAP_LIMIT
  const known = new Map<string, KeyPath>()
  // A key costs half a millisecond, and each coin's script is asked for whenever coins are chosen.
  const scripts = new Map<string, Uint8Array>()
  const knownUpTo = perChain(() => 0)

  const publicKey = ({ type, branch, index }: KeyPath): PublicKey => chains[type][branch].key.child(index).publicKey
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
    areShared,
    publicKey,
    script,
    widen() {
      gap = RECOVERY_GAP
    },
    lastIndex: ({ type, branch }) => last[type][branch],
    limit(indexes) {
      last = indexes
    },
    expression: ({ type, branch }) => chains[type][branch].expression,
    remember(path, stored) {
      scripts.set(pathName(path), stored)
    },
    async prepare(next, pace) {
      for (const _ of learning(next)) await pace()
    },
    privateKey: ({ type, branch, index }) => chains[type][branch].key.child(index).privateKey,
    find(wanted, next) {
      // Most outputs of a block have another form: no key is derived and nothing is looked up for them.
      if (wanted.length !== 22 && wanted.length !== 34) return undefined
      for (const _ of learning(next));
      return known.get(toHex(wanted))
    },
  }
}
