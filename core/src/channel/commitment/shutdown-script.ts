/**
 * BOLT 2, shutdown: whether a peer may be paid to this script. p2wpkh and p2wsh always; other witness versions with
 * `option_shutdown_anysegwit`. OP_RETURN is for `option_simple_close`, which we do not negotiate yet.
 */
export declare const isAcceptableShutdownScript: (script: Uint8Array, anySegwit: boolean) => boolean
