/** What any operation may be refused or fail with, and what each means. */
export const COMMON_ERRORS = {
  'invalid-request': 'A field is missing, unknown or malformed; `field` names it.',
  'unknown-operation': 'There is no such actor or operation.',
  unauthorized: 'The token is missing or wrong.',
  'not-granted': 'The plugin was not granted this operation.',
  'out-of-bounds': 'The value is beyond what was granted; `field` names it.',
  'budget-exceeded': 'The worst case of this command does not fit what is left of the budget.',
  'key-required': 'The command spends: give a key, so that it can be asked again safely.',
  'idempotency-mismatch': 'The key was used before, with another request.',
  'rate-limited': 'Too many requests; try again later.',
  'mailbox-full': 'The node is too busy to take this now; try again later.',
  'timed-out': 'No answer came in time. A query can be asked again.',
  'outcome-unknown': 'The command was taken, but its outcome is not known. Ask again with the same key.',
  'not-ready': 'The node is starting or stopping.',
  'chain-not-followed':
    'The node does not see what happens on the chain, and takes on nothing new; `getinfo` says why.',
  'not-supported': 'This node cannot do that, as it is set up.',
  internal: 'A bug. The log says more.',
} as const

export type CommonErrorCode = keyof typeof COMMON_ERRORS
