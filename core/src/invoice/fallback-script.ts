import { OPS, witnessProgram } from '../bitcoin/script.ts'
import { concat } from '../lib/bytes.ts'
import type { FallbackAddress } from './invoice.ts'

/** The output script that a fallback address stands for. */
export const fallbackScript = ({ version, program }: FallbackAddress): Uint8Array => {
  switch (version) {
    case 17:
      return concat(
        Uint8Array.of(OPS.OP_DUP, OPS.OP_HASH160, 20),
        program,
        Uint8Array.of(OPS.OP_EQUALVERIFY, OPS.OP_CHECKSIG),
      )
    case 18:
      return concat(Uint8Array.of(OPS.OP_HASH160, 20), program, Uint8Array.of(OPS.OP_EQUAL))
    default:
      return witnessProgram(version, program)
  }
}
