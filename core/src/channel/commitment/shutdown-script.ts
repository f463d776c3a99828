import { outputType } from '../../bitcoin/script.ts'

/** BOLT 2, shutdown, as its sender: the script forms that we may ask to be paid to. OP_RETURN belongs to `option_simple_close` alone. */
export const isOurShutdownScript = (script: Uint8Array): boolean => isSegwit(script, true)

/**
 * BOLT 2, shutdown, as its receiver: whether a peer may be paid to this script. Later witness versions belong to
 * `option_shutdown_anysegwit`. The rationale lets old nodes name p2pkh and p2sh, and LND does so whenever its operator asks for it: these
 * are standard outputs, each with its own dust limit (BOLT 3), which the closing transaction must respect.
 */
export const isShutdownScriptOfPeer = (script: Uint8Array, anySegwit: boolean): boolean => {
  const type = outputType(script)
  return type === 'p2pkh' || type === 'p2sh' || isSegwit(script, anySegwit)
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
