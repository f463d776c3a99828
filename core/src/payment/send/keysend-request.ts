import { sha256 } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId, Preimage } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockDelta, Msat } from '../../lib/units.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { restList } from '../../wire/codec/combinators.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'
import { customRecord } from '../row-codecs.ts'
import { defaultMaxFee } from './invoice-request.ts'
import type { PaymentRequest } from './payment.ts'

/** What BOLT 11 has where an invoice says nothing is what payees expect at least; those that want more than we add get enough by this. */
const FINAL_CLTV_EXPIRY_DELTA: BlockDelta = 40

/** An onion has room for 1,300 bytes, and every relay takes some 65 of them. */
const MAX_RECORDS_BYTES = 1_000

/** The type of the record with the preimage, which is not the caller's to give. */
const KEYSEND_PREIMAGE = 5_482_373_484n

export type KeysendRequestError =
  | { readonly code: 'own-node' }
  | { readonly code: 'amount-out-of-bounds' }
  | { readonly code: 'invalid-records'; readonly problem: string }

export interface KeysendRequestOptions {
  readonly destination: NodeId
  readonly amountMsat: Msat
  /** 1 % and at least 5 satoshis if not said. */
  readonly maxFeeMsat: Msat | undefined
  /** Types from 65536 on, in any order. */
  readonly customRecords: readonly TlvRecord[]
  readonly preimage: Preimage
  /** Whether it may come in several parts. */
  readonly inParts: boolean
  readonly key: string
  readonly ourNodeId: NodeId
}

/** What paying a node comes to that has not asked for it. */
export const keysendRequest = (options: KeysendRequestOptions): Result<PaymentRequest, KeysendRequestError> => {
  const { destination, amountMsat, maxFeeMsat, preimage, key } = options
  if (equalBytes(destination, options.ourNodeId)) return err({ code: 'own-node' })
  if (amountMsat <= 0n) return err({ code: 'amount-out-of-bounds' })
  const customRecords = options.customRecords.toSorted((a, b) => (a.type < b.type ? -1 : 1))
  const problem = recordsProblem(customRecords)
  if (problem !== undefined) return err({ code: 'invalid-records', problem })
  return ok({
    target: {
      recipient: {
        type: 'keysend',
        nodeId: destination,
        preimage,
        customRecords,
        minFinalCltvExpiryDelta: FINAL_CLTV_EXPIRY_DELTA,
        routeHints: [],
      },
      paymentHash: sha256(preimage),
      amountMsat,
      multiPart: options.inParts,
    },
    maxFeeMsat: maxFeeMsat ?? defaultMaxFee(amountMsat),
    key,
  })
}

const recordsProblem = (records: readonly TlvRecord[]): string | undefined => {
  if (records.some(({ type }) => type === KEYSEND_PREIMAGE)) return 'the preimage is the node’s to choose'
  if (records.some(({ type }, i) => type === records[i - 1]?.type)) return 'a type comes twice'
  const bytes = encodeWith(restList(customRecord), records).length
  return bytes > MAX_RECORDS_BYTES ? `an onion has no room for more than ${MAX_RECORDS_BYTES} bytes` : undefined
}
