import { ATTRIBUTION } from './bolt-4/attribution.ts'
import { BLINDED } from './bolt-4/blinded.ts'
import { FAILURES } from './bolt-4/failures.ts'
import { MULTI_PART } from './bolt-4/multi-part.ts'
import { ONION_MESSAGES } from './bolt-4/onion-messages.ts'
import { PACKET } from './bolt-4/packet.ts'
import { PAYLOAD } from './bolt-4/payload.ts'
import { TRAMPOLINE } from './bolt-4/trampoline.ts'
import { joinTopics } from './join-topics.ts'

/** Onions. A part of the text that one topic has more than one line of is divided where the other's begin. */
export const BOLT_4 = joinTopics(
  4,
  { commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff', file: '04-onion-routing.md' },
  [PACKET, PAYLOAD, MULTI_PART, FAILURES, BLINDED, ATTRIBUTION, ONION_MESSAGES, TRAMPOLINE],
)
