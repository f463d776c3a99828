/** BOLT 4, failure messages: their names. */
const NAMES: readonly string[] = [
  'temporary_node_failure',
  'permanent_node_failure',
  'required_node_feature_missing',
  'invalid_onion_version',
  'invalid_onion_hmac',
  'invalid_onion_key',
  'invalid_onion_blinding',
  'invalid_onion_payload',
  'temporary_channel_failure',
  'permanent_channel_failure',
  'required_channel_feature_missing',
  'unknown_next_peer',
  'amount_below_minimum',
  'fee_insufficient',
  'incorrect_cltv_expiry',
  'expiry_too_soon',
  'expiry_too_far',
  'channel_disabled',
  'incorrect_or_unknown_payment_details',
  'final_incorrect_cltv_expiry',
  'final_incorrect_htlc_amount',
  'mpp_timeout',
  'temporary_trampoline_failure',
  'trampoline_fee_or_expiry_insufficient',
  'unknown_next_trampoline',
]

/** Those of them that a text names, as BOLT 4 writes them. */
export const failureNamesIn = (text: string): readonly string[] => {
  const words = new Set(text.toLowerCase().split(/[^a-z_]+/))
  return NAMES.filter((name) => words.has(name))
}
