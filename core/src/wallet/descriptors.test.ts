import { mnemonicToSeedSync } from '@scure/bip39'
import test from 'ava'
import { NETWORKS } from '../bitcoin/network.ts'
import { masterKey } from '../crypto/hd-key.ts'
import { walletDescriptors } from './descriptors.ts'
import { MNEMONIC } from './fixtures/bip84-bip86.ts'
import { seedChains, walletKeys } from './keys.ts'
import { EMPTY_WALLET } from './wallet-state.ts'

const descriptorsOn = (network: keyof typeof NETWORKS) =>
  walletDescriptors(
    walletKeys(seedChains(masterKey(mnemonicToSeedSync(MNEMONIC)), NETWORKS[network])),
    EMPTY_WALLET.next,
  )

// BIP 86, test vectors: account 0, first receiving and change addresses.
const XPUB =
  'xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ'

test('descriptors — hold the extended public key of BIP 86, and where it comes from', (t) => {
  const [receive, change] = descriptorsOn('mainnet').map(({ descriptor }) => descriptor.split('#')[0])
  t.is(receive, `tr([73c5da0a/86h/0h/0h]${XPUB}/0/*)`)
  t.is(change, `tr([73c5da0a/86h/0h/0h]${XPUB}/1/*)`)
})

test('descriptors — are of every chain, public on each network, each with its checksum', (t) => {
  for (const [network, key] of [
    ['mainnet', 'xpub'],
    ['signet', 'tpub'],
    ['regtest', 'tpub'],
  ] as const) {
    const all = descriptorsOn(network).map(({ descriptor }) => descriptor)
    t.is(new Set(all).size, 4)
    for (const each of all)
      t.regex(each, new RegExp(`^(tr|wpkh)\\(\\[73c5da0a/8[46]h/[01]h/0h\\]${key}[^/]+/[01]/\\*\\)#[a-z0-9]{8}$`))
  }
})
