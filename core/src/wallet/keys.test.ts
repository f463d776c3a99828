import { mnemonicToSeedSync } from '@scure/bip39'
import test from 'ava'
import { scriptToAddress } from '../bitcoin/address.ts'
import { NETWORKS } from '../bitcoin/network.ts'
import { masterKey } from '../crypto/hd-key.ts'
import { BIP84, BIP86, MNEMONIC } from './fixtures/bip84-bip86.ts'
import { type AddressType, seedChains, walletKeys } from './keys.ts'
import { EMPTY_WALLET } from './wallet-state.ts'

const keys = walletKeys(seedChains(masterKey(mnemonicToSeedSync(MNEMONIC)), NETWORKS.mainnet))

const vectors = { p2wpkh: BIP84, p2tr: BIP86 } as const

for (const type of ['p2wpkh', 'p2tr'] as const satisfies readonly AddressType[]) {
  test(`keys — the addresses of ${type === 'p2wpkh' ? 'BIP 84' : 'BIP 86'}`, (t) => {
    for (const branch of ['receive', 'change'] as const) {
      vectors[type][branch].forEach((address, index) => {
        const script = keys.script({ type, branch, index })
        t.is(scriptToAddress(script, NETWORKS.mainnet), address)
        t.deepEqual(keys.find(script, EMPTY_WALLET.next), { type, branch, index })
      })
    }
  })
}

test('keys — an output is found up to twenty past the next index, and no further', (t) => {
  const at = (index: number) => keys.script({ type: 'p2tr', branch: 'receive', index })
  const fresh = walletKeys(seedChains(masterKey(mnemonicToSeedSync(MNEMONIC)), NETWORKS.mainnet))
  t.is(fresh.find(at(19), EMPTY_WALLET.next)?.index, 19)
  t.is(fresh.find(at(20), EMPTY_WALLET.next), undefined)
  const next = { ...EMPTY_WALLET.next, p2tr: { receive: 1, change: 0 } }
  t.is(fresh.find(at(20), next)?.index, 20)
})

test('keys — are looked for far past the next index once coins are to be found again', (t) => {
  const fresh = walletKeys(seedChains(masterKey(mnemonicToSeedSync(MNEMONIC)), NETWORKS.mainnet))
  const far = fresh.script({ type: 'p2wpkh', branch: 'receive', index: 999 })
  t.is(fresh.find(far, EMPTY_WALLET.next), undefined)
  fresh.widen()
  t.is(fresh.find(far, EMPTY_WALLET.next)?.index, 999)
})

test('keys — what is remembered is found without being derived', async (t) => {
  const fresh = walletKeys(seedChains(masterKey(mnemonicToSeedSync(MNEMONIC)), NETWORKS.mainnet))
  const path = { type: 'p2wpkh', branch: 'receive', index: 0 } as const
  // No key of ours pays this one: it can only have been remembered.
  const script = new Uint8Array(22).fill(7)
  fresh.remember(path, script)
  await fresh.prepare(EMPTY_WALLET.next, () => undefined)
  t.deepEqual(fresh.find(script, EMPTY_WALLET.next), path)
})
