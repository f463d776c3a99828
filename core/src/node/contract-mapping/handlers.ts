import type {
  ActorName,
  ErrorCodeOf,
  OperationName,
  ReplyOf,
  RequestOf,
  SpendingOperation,
} from '@fulgurite/plugin-sdk/contract'
import type { Result } from '../../lib/result.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import { explainProblem } from '../chain/chain-problems.ts'
import type { CallContext, Cost, Refusal } from '../contract-gateway.ts'

/** What a handler is told beside its request. */
export interface HandlerContext extends CallContext {
  /** The highest cost that was computed for the request, before anything was done: it must not cost more. */
  readonly worstCase: Cost
}

type NumberIn<Request> = {
  [Field in keyof Request]-?: NonNullable<Request[Field]> extends bigint | number ? Field : never
}[keyof Request]

/** A request in which every amount and rate is set: omitted ones have their default. */
export type ResolvedRequest<Name extends ActorName, Op extends OperationName<Name>> = RequestOf<Name, Op> & {
  readonly [Field in NumberIn<RequestOf<Name, Op>>]: NonNullable<RequestOf<Name, Op>[Field]>
}

/** What one operation answers; the gateway adds `asOf` to the replies of queries. */
type Handler<Name extends ActorName, Op extends OperationName<Name>> = (
  request: Op extends SpendingOperation<Name> ? ResolvedRequest<Name, Op> : RequestOf<Name, Op>,
  context: HandlerContext,
) => Promise<Result<Omit<ReplyOf<Name, Op>, 'asOf'>, Refusal<ErrorCodeOf<Name, Op>>>>

/** One function for each operation of an actor. */
export type ActorHandlers<Name extends ActorName> = { readonly [Op in OperationName<Name>]: Handler<Name, Op> }

/**
 * The commands of an actor that go on by themselves after a restart. Returns what became of one: `undefined` if it was never begun,
 * `unknown` if that cannot be told any more.
 */
export type ActorRecalls<Name extends ActorName> = {
  readonly [Op in OperationName<Name>]?: (
    request: RequestOf<Name, Op>,
    key: string,
  ) => Promise<RecalledAnswer<Omit<ReplyOf<Name, Op>, 'asOf'>, ErrorCodeOf<Name, Op>> | 'unknown' | undefined>
}

export type RecalledAnswer<Reply, Code extends string = string> = {
  readonly answer: Promise<Result<Reply, Refusal<Code>>>
  readonly isKnown: boolean
}

/** A refusal in the contract's terms. */
export const refusal = <const Code extends string>(
  code: Code,
  message: string,
  more: { readonly field?: string; readonly details?: Readonly<Record<string, unknown>> } = {},
): Refusal<Code> => ({ code, message, ...more })

/** Whose what is made now is: a plugin decides about its own alone. Absent: the operator. */
export const pluginOf = (caller: HandlerContext['caller']): string | undefined =>
  caller.kind === 'plugin' ? caller.name : undefined

/** A name for each who asks. */
export const askerOf = ({ caller }: Pick<CallContext, 'caller'>): string =>
  caller.kind === 'plugin' ? `plugin ${caller.name}` : caller.kind

/** Why nothing new is accepted now, if the node does not see the chain. */
export const blindRefusal = (chainHealth: ChainHealth): Refusal<'chain-not-followed'> | undefined => {
  const blindness = chainHealth.blindness()
  if (blindness === undefined) return undefined
  const { text, fix } = explainProblem(blindness)
  return refusal('chain-not-followed', `${text}. To do: ${fix}`, { details: { problem: blindness.code } })
}
