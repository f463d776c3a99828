import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../../bitcoin/address.ts'
import { feeForWeight, outputWeight, P2TR_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../../bitcoin/fees.ts'
import { p2tr } from '../../../bitcoin/script.ts'
import { parseOutPoint, parseTxid, type TxOutput, txWeight } from '../../../bitcoin/transaction.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import { satToMsat } from '../../../lib/units.ts'
import { addressRefusal } from '../wallet-refusals.ts'
import { defaultMaxFeeSat, sendAllEstimate } from './on-chain-fee.ts'
import { feerateOf, type SpendingKnowledge, type SpendingRules } from './spending-rule.ts'

export const walletRules: SpendingRules<'wallet'> = {
  send: {
    worstCase: ({ address, amountSat, ...rest }, known) => {
      const outputs = outputsOf([{ address, amountSat }], known, 'address')
      if (!outputs.ok) return outputs
      const paid = paying(outputs.value, rest, known)
      if (!paid.ok) return paid
      const { cost, ...fees } = paid.value
      return ok({ request: { ...rest, address, amountSat, ...fees }, cost })
    },
    actual: ({ feeSat }, { amountSat }) => spent(amountSat, feeSat),
  },
  sendMany: {
    worstCase: (request, known) => {
      const outputs = outputsOf(request.outputs, known, 'outputs')
      if (!outputs.ok) return outputs
      const paid = paying(outputs.value, request, known)
      if (!paid.ok) return paid
      const { cost, ...fees } = paid.value
      return ok({ request: { ...request, ...fees }, cost })
    },
    actual: ({ feeSat }, { outputs }) =>
      spent(
        outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n),
        feeSat,
      ),
  },
  sendAll: {
    // What arrives meanwhile is not counted, and the wallet pays no more than was.
    worstCase: (request, known) => {
      const script = addressToScript(request.address, known.network)
      if (!script.ok) return err(addressRefusal(script.error.code, known.network.name))
      const rate = feerateOf(request, known)
      if (!rate.ok) return rate
      const { feerate } = rate.value
      const { amount, fee } = sendAllEstimate(known.wallet, script.value, feerate, coinsOf(request.coins))
      const maxFeeSat = request.maxFeeSat ?? 2n * fee
      return ok({ request: { ...request, ...rate.value, maxFeeSat }, cost: spent(amount, maxFeeSat) })
    },
    actual: ({ amountSat, feeSat }) => spent(amountSat, feeSat),
  },
  bumpFee: {
    worstCase: (request, known) => {
      const rate = feerateOf(request, known)
      if (!rate.ok) return rate
      const { feerate } = rate.value
      const txid = parseTxid(request.txid)
      const tx = txid === undefined ? undefined : known.wallet.transaction(txid)?.tx
      const weight = (tx === undefined ? UNKNOWN_WEIGHT : txWeight(tx)) + CHILD_WEIGHT
      const maxFeeSat = request.maxFeeSat ?? 2n * (feeForWeight(feerate, weight) + 1n)
      return ok({ request: { ...request, ...rate.value, maxFeeSat }, cost: { feesMsat: satToMsat(maxFeeSat) } })
    },
    actual: ({ feeSat }) => ({ feesMsat: satToMsat(feeSat) }),
  },
}

/** A child with two coins and an output, or what a replacement adds. */
const CHILD_WEIGHT = TX_OVERHEAD_WEIGHT + 2 * P2TR_INPUT_WEIGHT + outputWeight(p2tr(new Uint8Array(32)))

/** Of a transaction that the wallet has not seen: what the field calls a large one. */
const UNKNOWN_WEIGHT = 4_000

const spent = (amountSat: bigint, feeSat: bigint) => ({
  paysOutMsat: satToMsat(amountSat),
  feesMsat: satToMsat(feeSat),
})

const outputsOf = <Field extends string>(
  payments: readonly { readonly address: string; readonly amountSat: bigint }[],
  { network }: SpendingKnowledge,
  field: Field,
): Result<readonly TxOutput[], ReturnType<typeof addressRefusal>> => {
  const outputs: TxOutput[] = []
  for (const { address, amountSat } of payments) {
    const script = addressToScript(address, network)
    if (!script.ok) return err(addressRefusal(script.error.code, network.name, field))
    outputs.push({ amount: amountSat, script: script.value })
  }
  return ok(outputs)
}

const paying = (
  outputs: readonly TxOutput[],
  request: Pick<RequestOf<'wallet', 'send'>, 'feerate' | 'targetBlocks' | 'maxFeeSat' | 'coins'>,
  known: SpendingKnowledge,
) => {
  const rate = feerateOf(request, known)
  if (!rate.ok) return rate
  const maxFeeSat =
    request.maxFeeSat ?? defaultMaxFeeSat(known.wallet, outputs, rate.value.feerate, coinsOf(request.coins))
  return ok({
    ...rate.value,
    maxFeeSat,
    cost: spent(
      outputs.reduce((sum, { amount }) => sum + amount, 0n),
      maxFeeSat,
    ),
  })
}

/** The coins that were chosen; the contract has checked their form. */
export const coinsOf = (coins: readonly string[] | undefined) => coins?.flatMap((coin) => parseOutPoint(coin) ?? [])
