import type { CommandReply, ReplyEffect } from '../../channel/state/effects.ts'
import { invariant } from '../../lib/errors.ts'
import { ok } from '../../lib/result.ts'
import type { ChannelReply, ChannelResult } from './channel-protocol.ts'

/** Commands that wait for the step which answers them. */
export class ChannelCommands {
  /** Of one life of the actor, so that the ids of two lives differ. */
  readonly #life: number
  readonly #replies = new Map<string, (result: ReplyEffect['result']) => void>()
  #requests = 0

  constructor(life: number) {
    this.#life = life
  }

  /** Begins a command under an id of its own, and has what the reply to that id says. */
  ask<Type extends CommandReply['type']>(type: Type, begin: (requestId: string) => void): Promise<ChannelResult<Type>> {
    return new Promise((resolve) => {
      const requestId = `${this.#life}.${this.#requests++}`
      this.#replies.set(requestId, (result) => resolve(result.ok ? ok(replyOf(type, result.value)) : result))
      begin(requestId)
    })
  }

  answer({ requestId, result }: ReplyEffect): void {
    this.#replies.get(requestId)?.(result)
    this.#replies.delete(requestId)
  }
}

const replyOf = <Type extends CommandReply['type']>(type: Type, reply: CommandReply): ChannelReply<Type> => {
  invariant(reply.type === type, `a command that asks for ${type} is answered so`)
  return reply as ChannelReply<Type>
}
