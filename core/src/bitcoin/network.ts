import { fromHex, reversed } from '../lib/bytes.ts'

export type NetworkName = 'mainnet' | 'testnet' | 'signet' | 'regtest'

/** What tells the Bitcoin networks apart. */
export interface Network {
  readonly name: NetworkName
  /** BOLT 0: the hash of the genesis block in internal byte order, as `chain_hash` carries it. */
  readonly chainHash: Uint8Array
  /** The human-readable part of segwit addresses (BIP 173). */
  readonly bech32Hrp: string
  /** What an invoice starts with (BOLT 11), the amount following. */
  readonly bolt11Prefix: string
  /** The network's name in bitcoind's `getblockchaininfo`. */
  readonly bitcoindChain: string
  /** The version bytes of base58 addresses. */
  readonly p2pkhVersion: number
  readonly p2shVersion: number
  /** The version bytes of extended public keys (BIP 32): they are displayed as `xpub` or `tpub`. */
  readonly extendedPublicKeyVersion: number
  /** Those of extended private keys: `xprv` or `tprv`. */
  readonly extendedPrivateKeyVersion: number
  /** SLIP 44: the coin type of derivation paths. */
  readonly coinType: number
  /** Where bitcoind listens for RPC unless told otherwise. */
  readonly bitcoindRpcPort: number
}

const genesis = (displayedHash: string): Uint8Array => reversed(fromHex(displayedHash))

const TEST_NETWORK = {
  p2pkhVersion: 0x6f,
  p2shVersion: 0xc4,
  extendedPublicKeyVersion: 0x043587cf,
  extendedPrivateKeyVersion: 0x04358394,
  coinType: 1,
} as const

/** Every network by name. */
export const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  mainnet: {
    name: 'mainnet',
    chainHash: genesis('000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'),
    bech32Hrp: 'bc',
    bolt11Prefix: 'lnbc',
    bitcoindChain: 'main',
    p2pkhVersion: 0x00,
    p2shVersion: 0x05,
    extendedPublicKeyVersion: 0x0488b21e,
    extendedPrivateKeyVersion: 0x0488ade4,
    coinType: 0,
    bitcoindRpcPort: 8332,
  },
  testnet: {
    name: 'testnet',
    chainHash: genesis('000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943'),
    bech32Hrp: 'tb',
    bolt11Prefix: 'lntb',
    bitcoindChain: 'test',
    bitcoindRpcPort: 18332,
    ...TEST_NETWORK,
  },
  signet: {
    name: 'signet',
    chainHash: genesis('00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6'),
    bech32Hrp: 'tb',
    bolt11Prefix: 'lntbs',
    bitcoindChain: 'signet',
    bitcoindRpcPort: 38332,
    ...TEST_NETWORK,
  },
  regtest: {
    name: 'regtest',
    chainHash: genesis('0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'),
    bech32Hrp: 'bcrt',
    bolt11Prefix: 'lnbcrt',
    bitcoindChain: 'regtest',
    bitcoindRpcPort: 18443,
    ...TEST_NETWORK,
  },
}
