import type { ActorName, ContractError, OperationName, ReplyOf, RequestOf } from '@fulgurite/plugin-sdk/contract'
import type { Result } from '../../lib/result.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import { explainProblem } from '../chain/chain-problems.ts'
import type { CallContext } from '../contract-gateway.ts'

/** What one operation answers; the gateway adds `asOf` to the replies of queries. */
type Handler<Name extends ActorName, Op extends OperationName<Name>> = (
  request: RequestOf<Name, Op>,
  context: CallContext,
) => Promise<Result<Omit<ReplyOf<Name, Op>, 'asOf'>, ContractError>>

/** One function for each operation of an actor. */
export type ActorHandlers<Name extends ActorName> = { readonly [Op in OperationName<Name>]: Handler<Name, Op> }

/** A refusal in the contract's terms. */
export const refusal = (
  code: string,
  message: string,
  more: { readonly field?: string; readonly details?: Readonly<Record<string, unknown>> } = {},
): ContractError => ({ code, message, ...more })

/** Why nothing new is taken on now, if the node does not see the chain. */
export const blindRefusal = (chainHealth: ChainHealth): ContractError | undefined => {
  const blindness = chainHealth.blindness()
  if (blindness === undefined) return undefined
  const { text, fix } = explainProblem(blindness)
  return refusal('chain-not-followed', `${text}. To do: ${fix}`, { details: { problem: blindness.code } })
}
