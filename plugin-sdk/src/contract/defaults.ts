/** What is taken where a request leaves it to the node: the words of the contract say these numbers, and the core takes them. */
export const DEFAULTS = {
  pageRows: 100,
  /** Within how many blocks a transaction should be in one. */
  targetBlocks: 6,
  /** How long an answer is waited for. */
  answerMs: 60_000,
  invoiceExpirySeconds: 3_600,
  refundExpirySeconds: 604_800,
  /** Of an invoice whose payment is held: about a day. */
  holdCltvExpiryDelta: 144,
  /** Of a payment, what relays may charge: so much of the amount, and never less than that. */
  maxFee: { percent: 1, leastSat: 5 },
  /** How long the relay fees from before are still taken. */
  oldRelayFeesMs: 600_000,
  /** Of a route that is asked for: what a payee has where its invoice says nothing (BOLT 11), and a few blocks more. */
  route: { finalCltvExpiryDelta: 21, parts: 1, hops: 20, cltvExpiryDelta: 2_016 },
  /** Of a payment, at once, where its payee takes several. */
  parts: 16,
  minedBlocks: 1,
} as const
