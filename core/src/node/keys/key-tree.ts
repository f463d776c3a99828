import type { Network } from '../../bitcoin/network.ts'
import { type HdKey, masterKey } from '../../crypto/hd-key.ts'
import type { PrivateKey } from '../../lib/ids.ts'
import { once } from '../../lib/once.ts'

/** The private keys of one channel, each derived when it is first needed. */
export interface ChannelSecrets {
  readonly funding: PrivateKey
  readonly revocation: PrivateKey
  readonly payment: PrivateKey
  readonly delayedPayment: PrivateKey
  readonly htlc: PrivateKey
  /** The seed of the per-commitment secrets (BOLT 3, per-commitment secret requirements). */
  readonly commitmentSeed: Uint8Array
}

/** Everything that is derived from the node's seed (BIP 32); all of ours by hardened steps. */
export interface KeyTree {
  readonly nodeKey: PrivateKey
  /** Seals static backups of the channels. */
  readonly backupKey: Uint8Array
  /** What the preimages of payments come from that nobody has made an invoice for. */
  readonly keysendKey: Uint8Array
  /** What offers, requests and their invoices are recognized by. */
  readonly offerSecret: Uint8Array
  /** Where the wallet derives its own branches from. */
  readonly root: HdKey
  channelSecrets(keyIndex: number): ChannelSecrets
}

// m/9735'/coin'/0' is the node's identity, m/9735'/coin'/1'/i' the channel with key index i, m/9735'/coin'/2' for static backups,
// m/9735'/coin'/3' for preimages, m/9735'/coin'/4' for offers. The purpose is unregistered: no wallet derives addresses under it.
const PURPOSE = 9735
const NODE_BRANCH = 0
const CHANNEL_BRANCH = 1
const BACKUP_BRANCH = 2
const KEYSEND_BRANCH = 3
const OFFER_BRANCH = 4

export const keyTree = (seed: Uint8Array, network: Network): KeyTree => {
  const root = masterKey(seed)
  const lightning = root.hardenedChild(PURPOSE).hardenedChild(network.coinType)
  const channels = lightning.hardenedChild(CHANNEL_BRANCH)
  return {
    root,
    nodeKey: lightning.hardenedChild(NODE_BRANCH).privateKey,
    backupKey: lightning.hardenedChild(BACKUP_BRANCH).privateKey,
    keysendKey: lightning.hardenedChild(KEYSEND_BRANCH).privateKey,
    offerSecret: lightning.hardenedChild(OFFER_BRANCH).privateKey,
    channelSecrets(keyIndex) {
      const channel = once(() => channels.hardenedChild(keyIndex))
      const secret = (branch: number): (() => PrivateKey) => once(() => channel().hardenedChild(branch).privateKey)
      const [funding, revocation, payment] = [secret(0), secret(1), secret(2)]
      const [delayedPayment, htlc, commitmentSeed] = [secret(3), secret(4), secret(5)]
      return {
        get funding() {
          return funding()
        },
        get revocation() {
          return revocation()
        },
        get payment() {
          return payment()
        },
        get delayedPayment() {
          return delayedPayment()
        },
        get htlc() {
          return htlc()
        },
        get commitmentSeed() {
          return commitmentSeed()
        },
      }
    },
  }
}
