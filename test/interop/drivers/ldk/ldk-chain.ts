/** What an LDK node in a test needs of a chain. Hashes are in internal byte order, blocks and transactions serialised. */
export interface LdkChain {
  readonly tip: LdkTip
  /** Calls back for each block connected after now, in order. Returns how to end it. */
  onBlock(listener: (block: LdkBlock) => void): () => void
  /** Hands in transactions, parents first. What the chain refuses is dropped: LDK tries again by itself. */
  broadcast(txs: readonly Uint8Array[]): void
  /** A signed transaction that pays this output, not broadcast. */
  fund(output: { readonly script: Uint8Array; readonly amountSat: bigint }): Promise<Uint8Array>
}

export interface LdkTip {
  readonly height: number
  readonly hash: Uint8Array
}

export interface LdkBlock {
  readonly height: number
  readonly bytes: Uint8Array
}
