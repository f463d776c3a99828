import { outputType } from '../../bitcoin/script.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { isNegotiated } from '../../wire/features.ts'

/** Which forms of scripts both sides know besides the two of segwit version 0. */
export interface ScriptForms {
  /** `option_shutdown_anysegwit`: segwit versions 1 to 16. */
  readonly anySegwit: boolean
  /** `option_simple_close`: an `OP_RETURN` with one push, which gives its owner's part to the miner. */
  readonly opReturn: boolean
}

export const scriptForms = (ours: FeatureVector, theirs: FeatureVector): ScriptForms => ({
  anySegwit: isNegotiated(ours, theirs, 'option_shutdown_anysegwit'),
  opReturn: isNegotiated(ours, theirs, 'option_simple_close'),
})

/** BOLT 2, shutdown, as its sender: the script forms that we ask to be paid to. This node never gives its part away, so no `OP_RETURN`. */
export const isOurShutdownScript = (script: Uint8Array, { anySegwit }: Pick<ScriptForms, 'anySegwit'>): boolean =>
  isSegwit(script, anySegwit)

/**
 * BOLT 2, shutdown, as its receiver: whether a peer may be paid to this script. The rationale lets old nodes name p2pkh and p2sh, and LND
 * does so whenever its operator asks for it: these are standard outputs, each with its own dust limit (BOLT 3), which the closing
 * transaction must respect.
 */
export const isShutdownScriptOfPeer = (script: Uint8Array, { anySegwit, opReturn }: ScriptForms): boolean => {
  const type = outputType(script)
  return type === 'p2pkh' || type === 'p2sh' || isSegwit(script, anySegwit) || (opReturn && isOnePush(script))
}

/** BOLT 3, closing transaction: such an output has no amount. */
export const isOpReturn = (script: Uint8Array): boolean => outputType(script) === 'op-return'

const OP_PUSHDATA1 = 76

// BOLT 2, shutdown: OP_RETURN and one push of 6 to 75 bytes, or of 76 to 80 bytes with OP_PUSHDATA1.
const isOnePush = (script: Uint8Array): boolean => {
  if (!isOpReturn(script)) return false
  const [, length = 0, longLength = 0] = script
  return length === OP_PUSHDATA1
    ? longLength >= 76 && longLength <= 80 && script.length === longLength + 3
    : length >= 6 && length <= 75 && script.length === length + 2
}

const isSegwit = (script: Uint8Array, anySegwit: boolean): boolean => {
  switch (outputType(script)) {
    case 'p2wpkh':
    case 'p2wsh':
      return true
    case 'p2tr':
    case 'p2a':
    case 'future-witness':
      return anySegwit
    default:
      return false
  }
}
