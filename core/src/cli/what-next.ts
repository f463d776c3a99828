import type { ActorName, ReplyOf } from '@fulgurite/plugin-sdk/contract'

type Backup = ReplyOf<'channels', 'backup'>
type Restored = ReplyOf<'channels', 'restore'>

/** What a person does next with an answer that does not say so by itself; other programs know. */
export const whatNext = (actor: ActorName, name: string, reply: unknown): string | undefined => {
  switch (`${actor}.${name}`) {
    case 'channels.backup':
      return `Keep this file on another machine. A node with the same words brings the channels back from it: fulgurite channels restore ${(reply as Backup).path}`
    case 'channels.restore':
      return (reply as Restored).restored > 0
        ? 'Their peers are asked to close them: fulgurite channels shows what each waits for.'
        : 'There is nothing to bring back: the node knows all channels of the file.'
    case 'node.backup':
      return 'Keep this file on another machine. docs/guides/backup.md says how a node is started from it.'
    default:
      return undefined
  }
}
