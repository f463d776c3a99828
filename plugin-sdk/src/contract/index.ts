export { CAUSES, type CallHeader, KEY, REASON, TIMEOUT } from './call-headers.ts'
export { encodeEvent, encodeReply, type KnownEvent, parseEvent, parseRequest, parseVerdict } from './codec.ts'
export { combineChannelAccept, combineHtlcForward } from './combine-verdicts.ts'
export { argumentName, commandWords, finderOf, kebab } from './command-line.ts'
export {
  type ActorName,
  actors,
  allOperations,
  boundable,
  CONTRACT_VERSION,
  contract,
  type ErrorCodeOf,
  findOperation,
  isCommand,
  isSpending,
  type OperationName,
  type PurseOf,
  type ReplyOf,
  type RequestOf,
  type SpendingOperation,
} from './contract.ts'
export { DEFAULTS } from './defaults.ts'
export {
  type Access,
  type Actor,
  type Command,
  type EventClass,
  type EventDefinition,
  type HookDefinition,
  type OnFailure,
  type Operation,
  PURSES,
  type Query,
} from './define.ts'
export { type BigintForm, encodeJson } from './encode-json.ts'
export { COMMON_ERRORS, type CommonErrorCode } from './errors.ts'
export { evaluate, type Misfit } from './evaluate.ts'
export { type EventName, type EventPayload, events } from './events.ts'
export {
  type CombinedVerdict,
  type HookAnswer,
  type HookName,
  type HookRequest,
  type HookVerdict,
  hooks,
} from './hooks.ts'
export { nearest } from './nearest.ts'
export { openApi } from './openapi.ts'
export { withoutSecrets } from './redact.ts'
export { RETENTION_CLASSES, type RetentionClass, RetentionClassName } from './retention.ts'
export { isAmount, type Member, type ObjectShape, type Shape, shapeOf } from './shape.ts'
export { MAX_REQUEST_BYTES, statusOf, UNREADABLE } from './statuses.ts'
export type * from './types.ts'
