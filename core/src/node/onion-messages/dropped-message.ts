import type { Reaction } from '../../channel/index.ts'

/** Why an onion message is dropped. BOLT 4: nobody is told. */
export const DROPPED = {
  gone: drop('Ours: the connection that it came by is gone'),
  'too-many': drop('BOLT 4, onion messages: a node may limit them by dropping them'),
  malformed: drop('BOLT 4, onion messages: it is not the message that it should be'),
  unreadable: drop(
    'BOLT 4, onion messages: what cannot be decrypted, is no such stream, or holds what it must not, is ignored',
  ),
  'unknown-next': drop('BOLT 4, onion messages: there is no next peer, or it takes no such messages'),
  back: drop('Ours: it would go back to the peer that it came from'),
  'not-relayed': drop('Ours: the operator has it passed on among peers with channels alone'),
  congested: drop('Ours: the next peer has not taken what it was sent before'),
} satisfies Readonly<Record<string, Reaction>>

export type Dropped = keyof typeof DROPPED

function drop(clause: string): Reaction {
  return { scope: 'message', answer: 'none', clause }
}
