import { outputType, p2pkhOfHash, p2shOfHash, parseWitnessProgram, witnessProgram } from '../bitcoin/script.ts'
import type { FallbackAddress } from './invoice.ts'

// BOLT 11, f: these stand where a witness version would, and a hash follows.
const KEY_HASH = 17
const SCRIPT_HASH = 18

/** The fallback that pays to an output script; `undefined` when scripts of its kind have no address. */
export const fallbackOf = (script: Uint8Array): FallbackAddress | undefined => {
  switch (outputType(script)) {
    case 'p2pkh':
      return { version: KEY_HASH, program: script.slice(3, 23) }
    case 'p2sh':
      return { version: SCRIPT_HASH, program: script.slice(2, 22) }
    case 'non-standard':
      return undefined
    default:
      return parseWitnessProgram(script)
  }
}

/** The output script that a fallback pays to. */
export const scriptOfFallback = ({ version, program }: FallbackAddress): Uint8Array => {
  if (version === KEY_HASH) return p2pkhOfHash(program)
  return version === SCRIPT_HASH ? p2shOfHash(program) : witnessProgram(version, program)
}
