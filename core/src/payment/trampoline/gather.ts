import type { HtlcRef } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { TrampolineEnv, TrampolineOrder, TrampolinePart } from './trampoline-protocol.ts'

/** What becomes of the parts that wait together, and of one more. */
export interface Gathered {
  /** Those that wait on. */
  readonly parts: readonly TrampolinePart[]
  readonly failed: readonly { readonly htlc: HtlcRef; readonly failure: FailureMessage }[]
  /** Everything is here: these go on together. Then none wait. */
  readonly whole?: readonly TrampolinePart[]
}

/** lightning/bolts 836: all parts have to be here before anything is sent on. They join as at a payee (BOLT 4, basic multi-part payments). */
export const gather = (waiting: readonly TrampolinePart[], part: TrampolinePart, env: TrampolineEnv): Gathered => {
  if (waiting.some((each) => isSame(each, part))) return { parts: waiting, failed: [] }
  // Everything up to the payment is one step with this check.
  const kept = waiting.filter(env.canClaim)
  const lost = waiting.filter((each) => !kept.includes(each)).map((htlc) => ({ htlc, failure: TEMPORARY }))
  const problem = problemOf(part, env)
  if (problem !== undefined) return { parts: kept, failed: [...lost, { htlc: part, failure: problem }] }

  const all = [...kept, part]
  // BOLT 4: all parts name the same total. And they ask for the same, or it would not be known what.
  if (kept.some((each) => each.outer.totalMsat !== part.outer.totalMsat || !isSameOrder(each.order, part.order))) {
    const failure: FailureMessage = { type: 'invalid_onion_payload', tlvType: 8n, offset: 0 }
    return { parts: [], failed: [...lost, ...all.map((htlc) => ({ htlc, failure }))] }
  }
  const sum = all.reduce((total, { outer }) => total + outer.amtToForward, 0n)
  // BOLT 4: without a secret the HTLC is all there is.
  const isWhole = sum >= part.outer.totalMsat || part.outer.paymentSecret === undefined
  return isWhole ? { parts: [], failed: lost, whole: all } : { parts: all, failed: lost }
}

const TEMPORARY: FailureMessage = { type: 'temporary_trampoline_failure' }

const problemOf = (part: TrampolinePart, env: TrampolineEnv): FailureMessage | undefined => {
  const { refusal, outer, cltvExpiry, amountMsat } = part
  if (refusal !== undefined) return refusal
  // As any record that a node does not know.
  if (env.policy === undefined) return { type: 'invalid_onion_payload', tlvType: 20n, offset: 0 }
  if (!env.canClaim(part)) return TEMPORARY
  // BOLT 4: the HTLC expires no earlier, and carries no less, than the sender meant for us.
  if (cltvExpiry < outer.outgoingCltvValue) return { type: 'final_incorrect_cltv_expiry', cltvExpiry }
  if (amountMsat < outer.amtToForward) return { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: amountMsat }
  return undefined
}

/** The rest of the inner onion may differ, and which of the recipient's paths are named: some senders make one for each part. */
const isSameOrder = (a: TrampolineOrder, b: TrampolineOrder): boolean => {
  if (a.amountMsat !== b.amountMsat || a.cltvExpiry !== b.cltvExpiry) return false
  return a.type === 'node' ? b.type === 'node' && equalBytes(a.nextNodeId, b.nextNodeId) : b.type === 'paths'
}

const isSame = (a: HtlcRef, b: HtlcRef): boolean => a.htlcId === b.htlcId && equalBytes(a.channelId, b.channelId)
