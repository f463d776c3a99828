import { type CommonErrorCode, DEFAULTS, type ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../bitcoin/address.ts'
import { NETWORKS } from '../../bitcoin/network.ts'
import { displayTxid, txidOf } from '../../bitcoin/transaction.ts'
import type { Devchain } from '../../chain/devchain/devchain.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { ContractGateway, Refusal } from '../../node/contract-gateway.ts'
import { type ActorHandlers, refusal } from '../../node/contract-mapping/handlers.ts'
import { until } from './until.ts'

/** The least that a wallet can spend without a loss. */
const LEAST_SAT = 1_000n
const FOLLOW_MS = 30_000

/** Answers the contract's `dev` actor from the embedded chain. */
export const devHandlers = (chain: Devchain, gateway: ContractGateway): ActorHandlers<'dev'> => {
  const ask = async <Reply>(actor: string, operation: string): Promise<Result<Reply, Refusal<CommonErrorCode>>> =>
    (await gateway.ask(actor, operation, {}, { caller: { kind: 'operator' } })) as Result<
      Reply,
      Refusal<CommonErrorCode>
    >

  /** Mines, and waits until the node has seen the blocks, so that the next query shows them. */
  const mine = async (blocks: number): Promise<number> => {
    const height = chain.mine(blocks).at(-1)?.height as number
    await until('the node has handled the blocks', FOLLOW_MS, async () => {
      const info = await ask<ReplyOf<'node', 'getInfo'>>('node', 'getInfo')
      return info.ok && info.value.blockHeight < height ? undefined : true
    })
    return height
  }

  return {
    async mine({ blocks = DEFAULTS.minedBlocks }) {
      return ok({ blockHeight: await mine(blocks) })
    },
    async fund({ amountSat, address }) {
      if (amountSat < LEAST_SAT) return err(outOfBounds(`at least ${LEAST_SAT}sat`))
      const fresh = address === undefined ? await ask<{ readonly address: string }>('wallet', 'newAddress') : undefined
      if (fresh?.ok === false) return fresh
      const to = address ?? fresh?.value.address ?? ''
      const script = addressToScript(to, NETWORKS.regtest)
      if (!script.ok) {
        return err(refusal('address-invalid', `${to} is no address of regtest (bcrt1…)`, { field: 'address' }))
      }
      const funded = chain.fund([{ script: script.value, amount: amountSat }])
      if (!funded.ok) return err(outOfBounds('the faucet has not so much: mine some blocks first'))
      return ok({ address: to, txid: displayTxid(txidOf(funded.value)), blockHeight: await mine(1) })
    },
  }
}

const outOfBounds = (message: string) => refusal('amount-out-of-bounds', message, { field: 'amountSat' })
