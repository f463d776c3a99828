/** Who checks signatures: packed by `packChecks`, answered as by `checkPacked`. */
export type SignatureProtocol = { check: { request: Uint8Array; reply: Uint8Array } }

/** Where it lives in its thread. */
export const SIGNATURES = '/signatures'
