import { REACTIONS, type Reaction } from '../../core/src/channel/index.ts'
import { ENDS } from '../../core/src/node/connection/connection-reactions.ts'
import { DROPPED } from '../../core/src/node/onion-messages/dropped-message.ts'
import { PASSED_OVER } from '../../core/src/node/peer/ignored-message.ts'

const INTRODUCTION = `# Reactions to peers

<!-- Made from the tables in the code by \`npm run reactions\`. Not edited by hand: a test holds it fresh. -->

What this node does about each fault of a peer: how far it goes, what the peer is told, and the clause that asks for it or
allows it. A reaction is as large as what it answers, and no larger
([ADR 15](../adr/0015-reactions-have-a-scope.md)): a _message_ is not acted on, an _htlc_ is given back, a _channel_ fails,
a _connection_ is closed and, where there is a reason to, made again. "Ours" is a rule that no BOLT has.`

/** Every table of reactions that there is. A fault that has no row in its table does not compile. */
const TABLES: readonly (readonly [title: string, about: string, rows: Readonly<Record<string, Reaction>>])[] = [
  ['Channels', 'Faults in a channel, in an opening, and in messages about a channel that there is not.', REACTIONS],
  ['Connections', 'What keeps a connection from being made, and what ends one.', ENDS],
  ['Passed over', 'Messages that are neither acted on nor answered. Each is in the log, up to a limit.', PASSED_OVER],
  ['Onion messages', 'Those that are dropped. Each is in the log, up to a limit.', DROPPED],
]

export const renderReactions = (): string =>
  `${[INTRODUCTION, ...TABLES.map(([title, about, rows]) => `## ${title}\n\n${about}\n\n${tableOf(rows)}`)].join('\n\n')}\n`

const tableOf = (rows: Readonly<Record<string, Reaction>>): string =>
  [
    '| Fault | Reaches | The peer is told | Clause |',
    '| --- | --- | --- | --- |',
    ...Object.entries(rows).map(
      ([code, { scope, answer, clause }]) =>
        `| \`${code}\` | ${scope} | ${answer === 'none' ? 'nothing' : answer} | ${clause} |`,
    ),
  ].join('\n')
