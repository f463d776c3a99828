import type { AskedCommand, CommandResult, ReplyEffect } from '../../channel/index.ts'

/** Commands that wait for the step that answers them. */
export class ChannelCommands {
  /** Of one life of the actor, so that the ids of two lives differ. */
  readonly #life: number
  readonly #waiting = new Map<string, (result: ReplyEffect['result']) => void>()
  #requests = 0

  constructor(life: number) {
    this.#life = life
  }

  /** Begins a command under an id of its own, and returns the promise of its answer. */
  ask<Name extends AskedCommand>(begin: (requestId: string) => void): Promise<CommandResult<Name>> {
    return new Promise((resolve) => {
      const requestId = `${this.#life}.${this.#requests++}`
      // The type of an answer is checked against the command's name at the place that answers (`reply`).
      this.#waiting.set(requestId, (result) => resolve(result as CommandResult<Name>))
      begin(requestId)
    })
  }

  answer({ requestId, result }: ReplyEffect): void {
    this.#waiting.get(requestId)?.(result)
    this.#waiting.delete(requestId)
  }
}
