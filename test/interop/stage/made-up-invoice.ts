import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { encodeInvoice } from '../../../core/src/invoice/encode-invoice.ts'
import type { RouteHintHop } from '../../../core/src/invoice/invoice.ts'
import { utf8Encode } from '../../../core/src/lib/bytes.ts'
import { formatFeatures } from '../../../core/src/wire/features.ts'

export interface MadeUp {
  readonly amountMsat: bigint
  readonly hint?: RouteHintHop
  /** It expires at 3600. */
  readonly ageSeconds?: number
  readonly minFinalCltvExpiryDelta?: number
}

/** The invoice of a node that nobody can reach; behind the hinted channel, if one is given. */
export const madeUpInvoice = ({ amountMsat, hint, ageSeconds = 0, minFinalCltvExpiryDelta = 40 }: MadeUp): string => {
  const payee = sha256(utf8Encode('a payee that is not there'))
  return encodeInvoice(
    {
      network: 'regtest',
      amountMsat,
      timestamp: Math.floor(Date.now() / 1000) - ageSeconds,
      paymentHash: sha256(utf8Encode('a preimage')),
      paymentSecret: sha256(utf8Encode('a payment secret')),
      description: 'made up',
      expirySeconds: 3600,
      minFinalCltvExpiryDelta,
      features: formatFeatures({ var_onion_optin: 'mandatory', payment_secret: 'mandatory' }, 'invoice'),
      routeHints: hint === undefined ? [] : [[hint]],
      fallbackAddresses: [],
    },
    (digest) => secp256k1.signRecoverable(digest, payee),
  )
}
