import { fromBase58Check, fromBech32, toBase58Check, toBech32 } from 'bitcoinjs-lib/src/address'
import { err, ok, type Result } from '../lib/result.ts'
import { NETWORKS, type Network, type NetworkName } from './network.ts'
import { outputType, p2pkhOfHash, p2shOfHash, parseWitnessProgram, witnessProgram } from './script.ts'

export type AddressError =
  | { readonly code: 'invalid-address'; readonly address: string }
  /** A well-formed address of one of the networks in `actual`. */
  | {
      readonly code: 'wrong-network'
      readonly address: string
      readonly expected: NetworkName
      readonly actual: readonly NetworkName[]
    }

/** The output script that an address stands for: segwit of any version (BIP 173, BIP 350) and base58. */
export const addressToScript = (address: string, network: Network): Result<Uint8Array, AddressError> => {
  const parsed = parseBech32(address) ?? parseBase58(address)
  if (parsed === undefined || parsed.networks.length === 0) return err({ code: 'invalid-address', address })
  if (parsed.networks.includes(network.name)) return ok(parsed.script)
  return err({ code: 'wrong-network', address, expected: network.name, actual: parsed.networks })
}

/** The address of an output script; `undefined` when scripts of its kind have none. */
export const scriptToAddress = (script: Uint8Array, network: Network): string | undefined => {
  const witness = parseWitnessProgram(script)
  if (witness !== undefined) {
    if (outputType(script) === 'non-standard') return undefined
    return toBech32(witness.program, witness.version, network.bech32Hrp)
  }
  switch (outputType(script)) {
    case 'p2pkh':
      return toBase58Check(script.slice(3, 23), network.p2pkhVersion)
    case 'p2sh':
      return toBase58Check(script.slice(2, 22), network.p2shVersion)
    default:
      return undefined
  }
}

interface Parsed {
  readonly script: Uint8Array
  readonly networks: readonly NetworkName[]
}

const networksWith = (matches: (network: Network) => boolean): NetworkName[] =>
  Object.values(NETWORKS)
    .filter(matches)
    .map(({ name }) => name)

const parseBech32 = (address: string): Parsed | undefined => {
  const decoded = attempt(() => fromBech32(address))
  if (decoded === undefined) return undefined
  const { version, data, prefix } = decoded
  // BIP 141: a program has 2 to 40 bytes, and version 0 has but two lengths.
  const isLength = version === 0 ? data.length === 20 || data.length === 32 : data.length >= 2 && data.length <= 40
  if (version > 16 || !isLength) return undefined
  return { script: witnessProgram(version, data), networks: networksWith(({ bech32Hrp }) => bech32Hrp === prefix) }
}

const parseBase58 = (address: string): Parsed | undefined => {
  const decoded = attempt(() => fromBase58Check(address))
  if (decoded === undefined) return undefined
  const { version, hash } = decoded
  const keyHash = networksWith(({ p2pkhVersion }) => p2pkhVersion === version)
  if (keyHash.length > 0) return { script: p2pkhOfHash(hash), networks: keyHash }
  return { script: p2shOfHash(hash), networks: networksWith(({ p2shVersion }) => p2shVersion === version) }
}

// The library throws on text that is not an address.
const attempt = <T>(decode: () => T): T | undefined => {
  try {
    return decode()
  } catch {
    return undefined
  }
}
