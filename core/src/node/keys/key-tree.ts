import { HARDENED_OFFSET, HDKey } from '@scure/bip32'
import type { Network } from '../../bitcoin/network.ts'
import { invariant } from '../../lib/errors.ts'
import type { PrivateKey } from '../../lib/ids.ts'

/** The private keys of one channel. */
export interface ChannelSecrets {
  readonly funding: PrivateKey
  readonly revocation: PrivateKey
  readonly payment: PrivateKey
  readonly delayedPayment: PrivateKey
  readonly htlc: PrivateKey
  /** The seed of the per-commitment secrets (BOLT 3, per-commitment secret requirements). */
  readonly commitmentSeed: Uint8Array
}

/** Everything that is derived from the node's seed (BIP 32), all steps hardened. */
export interface KeyTree {
  readonly nodeKey: PrivateKey
  /** Where the wallet derives its own branches from. */
  readonly root: HDKey
  channelSecrets(keyIndex: number): ChannelSecrets
}

// m/9735'/coin'/0' is the node's identity, m/9735'/coin'/1'/i' the channel with key index i. The purpose is unregistered:
// no wallet derives addresses under it.
const PURPOSE = 9735
const NODE_BRANCH = 0
const CHANNEL_BRANCH = 1

/** Channels are numbered below this (a hardened BIP 32 index). */
export const MAX_KEY_INDEX = HARDENED_OFFSET - 1

export const keyTree = (seed: Uint8Array, network: Network): KeyTree => {
  const root = HDKey.fromMasterSeed(seed)
  const lightning = hardened(hardened(root, PURPOSE), network.coinType)
  const channels = hardened(lightning, CHANNEL_BRANCH)
  return {
    root,
    nodeKey: secretOf(hardened(lightning, NODE_BRANCH)),
    channelSecrets(keyIndex) {
      const channel = hardened(channels, keyIndex)
      const [funding, revocation, payment, delayedPayment, htlc, commitmentSeed] = [0, 1, 2, 3, 4, 5].map((branch) =>
        secretOf(hardened(channel, branch)),
      ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
      return { funding, revocation, payment, delayedPayment, htlc, commitmentSeed }
    },
  }
}

const hardened = (key: HDKey, index: number): HDKey => key.deriveChild(HARDENED_OFFSET + index)

const secretOf = (key: HDKey): Uint8Array => {
  invariant(key.privateKey !== null, 'a key derived from the seed has a private part')
  return key.privateKey
}
