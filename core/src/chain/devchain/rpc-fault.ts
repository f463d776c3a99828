/** What bitcoind answers when a call fails: its code and words. */
export interface RpcFault {
  readonly code: number
  readonly message: string
}

/** The codes of bitcoind's JSON-RPC. */
export const RPC_CODES = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  misc: -1,
  typeError: -3,
  invalidAddressOrKey: -5,
  invalidParameter: -8,
  deserialization: -22,
  verify: -25,
  verifyRejected: -26,
  alreadyInChain: -27,
} as const
