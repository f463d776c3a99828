import { SCRIPT_FAULTS, type ScriptFault } from './script-fault.ts'

/** Why the chain or its mempool will not have a transaction, and bitcoind's word for it. */
const REASONS = {
  coinbase: 'coinbase',
  'inputs-empty': 'bad-txns-vin-empty',
  'outputs-empty': 'bad-txns-vout-empty',
  'output-too-large': 'bad-txns-vout-toolarge',
  'outputs-too-large': 'bad-txns-txouttotal-toolarge',
  'inputs-duplicate': 'bad-txns-inputs-duplicate',
  'prevout-null': 'bad-txns-prevout-null',
  version: 'version',
  'tx-size': 'tx-size',
  'tx-size-small': 'tx-size-small',
  'script-sig-size': 'scriptsig-size',
  'script-pubkey': 'scriptpubkey',
  'multi-op-return': 'multi-op-return',
  dust: 'dust',
  'non-final': 'non-final',
  'non-bip68-final': 'non-BIP68-final',
  'already-in-mempool': 'txn-already-in-mempool',
  'same-txid-in-mempool': 'txn-same-nonwitness-data-in-mempool',
  'already-confirmed': 'txn-already-known',
  'missing-inputs': 'bad-txns-inputs-missingorspent',
  'coinbase-immature': 'bad-txns-premature-spend-of-coinbase',
  'outputs-exceed-inputs': 'bad-txns-in-belowout',
  'witness-nonstandard': 'bad-witness-nonstandard',
  'min-relay-fee': 'min relay fee not met',
  'mempool-min-fee': 'mempool min fee not met',
  'insufficient-fee': 'insufficient fee',
  'adds-unconfirmed': 'replacement-adds-unconfirmed',
  'spends-conflicting': 'bad-txns-spends-conflicting-tx',
  'too-many-replacements': 'too many potential replacements',
  'chain-too-long': 'too-long-mempool-chain',
  'package-topology': 'package-not-child-with-parents',
} as const

export type TxRejectionCode = keyof typeof REASONS

export type TxRejection =
  | { readonly code: TxRejectionCode }
  /** The witness of an input does not satisfy what it spends. */
  | { readonly code: 'script-failed'; readonly inputIndex: number; readonly fault: ScriptFault }
  /** An input spends a kind of script that this chain does not run, though bitcoind would. */
  | { readonly code: 'unsupported-script'; readonly inputIndex: number }

/** The reject reason as bitcoind words it. */
export const rejectReason = (rejection: TxRejection): string => {
  switch (rejection.code) {
    case 'script-failed':
      return `mandatory-script-verify-flag-failed (${SCRIPT_FAULTS[rejection.fault]})`
    case 'unsupported-script':
      return `unsupported-script (input ${rejection.inputIndex}: ${SCRIPT_FAULTS['unsupported-script']})`
    default:
      return REASONS[rejection.code]
  }
}
