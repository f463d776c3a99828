import { outputType } from '../../bitcoin/script.ts'

/**
 * BOLT 2, shutdown: whether a peer may be paid to this script. p2wpkh and p2wsh always, later witness versions with
 * `option_shutdown_anysegwit`. OP_RETURN belongs to `option_simple_close` alone.
 */
export const isAcceptableShutdownScript = (script: Uint8Array, anySegwit: boolean): boolean => {
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
