import type { Network } from '../../bitcoin/network.ts'
import type {
  BitcoindWallet,
  BitcoindWalletUnfit,
  WalletDescriptorOfBitcoind,
} from '../../chain/bitcoind/bitcoind-wallet.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'
import type { Store } from '../../store/store.ts'
import { descriptorText } from '../../wallet/descriptors.ts'
import {
  KEY_CHAINS,
  type KeyChain,
  type KeyPath,
  type NextIndexes,
  perChain,
  type WalletKeys,
  walletKeys,
} from '../../wallet/keys.ts'
import { readPrivateDescriptor } from '../../wallet/private-descriptor.ts'
import type { WalletState } from '../../wallet/wallet-state.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { struct, u16List, versioned } from '../../wire/codec/combinators.ts'
import { u16Text } from '../../wire/codec/primitives.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

/** The wallet of bitcoind that a data folder belongs to. */
interface Bound {
  readonly wallet: string
  /** Of each chain, in the order of `KEY_CHAINS`: public. */
  readonly descriptors: readonly string[]
}

const KEY = utf8Encode('bitcoind-wallet')
const codec = versioned(struct<Bound>({ wallet: u16Text, descriptors: u16List(u16Text) }))

/** Why a data folder and a wallet do not go together. */
export type WalletChoiceFailure =
  | BitcoindWalletUnfit
  /** bitcoind's wallet makes no addresses of one of the four kinds that the node needs. */
  | { readonly code: 'bitcoind-wallet-lacks-keys'; readonly wallet: string; readonly missing: string }
  /** The folder's keys are not in this wallet. */
  | { readonly code: 'bitcoind-wallet-is-another'; readonly wallet: string; readonly expected: string }
  /** The folder has used the wallet of its seed. */
  | { readonly code: 'wallet-is-built-in'; readonly wallet: string }
  /** The folder has used a wallet of bitcoind, and none was named. */
  | { readonly code: 'wallet-is-of-bitcoind'; readonly wallet: string }

const fail = (failure: WalletChoiceFailure): never => {
  throw new FailureError(failure)
}

const must = <T, E extends WalletChoiceFailure>(result: Result<T, E>): T =>
  result.ok ? result.value : fail(result.error)

const boundIn = async (store: Store): Promise<Bound | undefined> => {
  const row = await store.get(TABLE.meta, KEY)
  return row === undefined ? undefined : readRow(TABLE.meta, KEY, decodeWith(codec, row))
}

/** Throws a `FailureError` where the folder belongs to a wallet of bitcoind. */
export const mustBeBuiltIn = async (store: Store): Promise<void> => {
  const bound = await boundIn(store)
  if (bound !== undefined) fail({ code: 'wallet-is-of-bitcoind', wallet: bound.wallet })
}

export interface BitcoindKeysOptions {
  readonly wallet: BitcoindWallet
  readonly network: Network
  readonly store: Store
  /** What the folder's wallet knew before. */
  readonly state: WalletState
}

interface BitcoindKeys {
  readonly keys: WalletKeys
  readonly next: NextIndexes
}

/**
 * The keys of a wallet of bitcoind. A folder belongs to the wallet that it was first started with, by its keys, whatever its name: those
 * keys are used, also when bitcoind's wallet makes new addresses of others by now, as it does once it was encrypted. Throws a `FailureError`
 * where they do not go together.
 */
export const openBitcoindKeys = async ({
  wallet,
  network,
  store,
  state,
}: BitcoindKeysOptions): Promise<BitcoindKeys> => {
  const { name } = wallet
  const bound = await boundIn(store)
  if (bound === undefined && isUsed(state)) fail({ code: 'wallet-is-built-in', wallet: name })
  const secret = must(await wallet.open(network))
  const held = secret.flatMap(({ text, use }) => {
    const read = readPrivateDescriptor(text, network)
    return read === undefined ? [] : [{ ...read, use, text: descriptorText(read.type, read.chain.expression) }]
  })
  const shown = must(await wallet.descriptors())
  const chainOf = (place: Omit<KeyPath, 'index'>): KeyChain => {
    const expected = bound?.descriptors[KEY_CHAINS.findIndex((chain) => isSame(chain, place))]
    const found = held.find(({ type, use, text }) =>
      expected === undefined ? type === place.type && use === place.branch : text === expected,
    )
    if (found !== undefined && indexesOf(shown, found.text) !== undefined) return found.chain
    return bound === undefined
      ? fail({ code: 'bitcoind-wallet-lacks-keys', wallet: name, missing: `${place.type} ${place.branch}` })
      : fail({ code: 'bitcoind-wallet-is-another', wallet: name, expected: bound.wallet })
  }
  const chains = perChain(chainOf)
  const descriptors = KEY_CHAINS.map(({ type, branch }) => descriptorText(type, chains[type][branch].expression))
  if (bound?.wallet !== name) {
    store.submit([{ table: TABLE.meta, key: KEY, value: encodeWith(codec, { wallet: name, descriptors }) }])
  }
  const keys = walletKeys(chains, { areShared: true })
  // bitcoind gives addresses out unseen, a thousand in advance.
  keys.widen()
  limitKeys(keys, shown)
  return { keys, next: nextIndexes(keys, shown) }
}

/** On each chain, the first index that bitcoind has not given out. */
export const nextIndexes = (keys: WalletKeys, shown: readonly WalletDescriptorOfBitcoind[]): NextIndexes => {
  const chains = chainsIn(keys, shown)
  return perChain(({ type, branch }) => chains[type][branch]?.next ?? 0)
}

/** Gives out no address that bitcoind would not notice a payment to. */
export const limitKeys = (keys: WalletKeys, shown: readonly WalletDescriptorOfBitcoind[]): void => {
  const chains = chainsIn(keys, shown)
  keys.limit(perChain((chain) => chains[chain.type][chain.branch]?.last ?? keys.lastIndex(chain)))
}

/** What bitcoind says of each chain of the wallet's. */
export const chainsIn = (keys: Pick<WalletKeys, 'expression'>, shown: readonly WalletDescriptorOfBitcoind[]) =>
  perChain(({ type, branch }) => indexesOf(shown, descriptorText(type, keys.expression({ type, branch }))))

const indexesOf = (shown: readonly WalletDescriptorOfBitcoind[], text: string) =>
  shown.find((descriptor) => descriptor.text === text)

const isSame = (a: Omit<KeyPath, 'index'>, b: Omit<KeyPath, 'index'>): boolean =>
  a.type === b.type && a.branch === b.branch

const isUsed = ({ coins, txs, next }: WalletState): boolean =>
  coins.size > 0 || txs.size > 0 || KEY_CHAINS.some(({ type, branch }) => next[type][branch] > 0)
