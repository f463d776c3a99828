import test from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { descriptorChecksum } from '../../core/src/bitcoin/descriptor-checksum.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { masterKey } from '../../core/src/crypto/hd-key.ts'
import { descriptorText, walletDescriptors } from '../../core/src/wallet/descriptors.ts'
import { seedChains, walletKeys } from '../../core/src/wallet/keys.ts'
import { readPrivateDescriptor } from '../../core/src/wallet/private-descriptor.ts'
import { EMPTY_WALLET } from '../../core/src/wallet/wallet-state.ts'
import { startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

real(
  'descriptors — bitcoind reads each, agrees on its checksum, and derives the addresses that the wallet gives out',
  async (t) => {
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
  },
)

real('private descriptors — of any form that is read, the public one is what bitcoind says it is', async (t) => {
  const bitcoind = await startBitcoind({ wallet: true })
  try {
    const root =
      'tprv8ZgxMBicQKsPfJxAuPxcAbvEX9fXwGDRvpCmRszRSRfDUcN3Q2dGd7wS9Zs9M6DTwvukFcCh38p5Qo6zm4yztEoxa7LXDBmdK6SG4aGDSxa'
    const texts = [
      `tr(${root}/86h/1h/0h/0/*)`,
      `wpkh(${root}/84'/1'/0'/1/*)`,
      `tr(${root}/0/*)`,
      `wpkh(${root}/*)`,
      `tr([00112233/86h/1h/0h]${root}/0/*)`,
      `wpkh([00112233/1']${root}/5h/0/1/*)`,
    ]
    const withChecksums = texts.map((text) => `${text}#${descriptorChecksum(text)}`)
    const requests = withChecksums.map((desc) => ({ desc, timestamp: 'now', range: [0, 9] }))
    const imported = await bitcoind.rpc<{ success: boolean }[]>('importdescriptors', [requests])
    t.true(imported.every(({ success }) => success))
    const { descriptors } = await bitcoind.rpc<{ descriptors: { desc: string; active: boolean }[] }>('listdescriptors')
    const ours = withChecksums.map((text) => {
      const read = readPrivateDescriptor(text, NETWORKS.regtest)
      return read && descriptorText(read.type, read.chain.expression)
    })
    t.deepEqual(
      descriptors
        .filter(({ active }) => !active)
        .map(({ desc }) => desc.split('#')[0])
        .toSorted(),
      ours.toSorted(),
    )
  } finally {
    await bitcoind.stop()
  }
})
