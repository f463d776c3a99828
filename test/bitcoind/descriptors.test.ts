import test from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { masterKey } from '../../core/src/crypto/hd-key.ts'
import { walletDescriptors } from '../../core/src/wallet/descriptors.ts'
import { seedChains, walletKeys } from '../../core/src/wallet/keys.ts'
import { EMPTY_WALLET } from '../../core/src/wallet/wallet-state.ts'
import { startBitcoind } from './support/bitcoind.ts'

test('descriptors — bitcoind reads each, agrees on its checksum, and derives the addresses that the wallet gives out', async (t) => {
  const bitcoind = await startBitcoind()
  try {
    const keys = walletKeys(seedChains(masterKey(new Uint8Array(64).fill(9)), NETWORKS.regtest))
    for (const { descriptor, type, branch } of walletDescriptors(keys, EMPTY_WALLET.next)) {
      const [text, checksum] = descriptor.split('#')
      const info = await bitcoind.rpc<{
        checksum: string
        isrange: boolean
        issolvable: boolean
        hasprivatekeys: boolean
      }>('getdescriptorinfo', [text])
      t.like(info, { checksum, isrange: true, issolvable: true, hasprivatekeys: false })
      const derived = await bitcoind.rpc<string[]>('deriveaddresses', [descriptor, [0, 9]])
      const ours = Array.from({ length: 10 }, (_, index) =>
        scriptToAddress(keys.script({ type, branch, index }), NETWORKS.regtest),
      )
      t.deepEqual(derived, ours as string[])
    }
  } finally {
    await bitcoind.stop()
  }
})
