import { type HookAnswer, type HookName, type HookRequest, hooks, type OnFailure } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import type { PluginRunner } from './plugin-runner.ts'
import { type HookReply, hookAnswer } from './questions.ts'

/** A plugin that is asked. Without a runner it does not run, and gives no verdict. */
export interface Asked {
  readonly plugin: string
  readonly runner: PluginRunner | undefined
  /** What it means if it gives no verdict, where that is not what the hook says. */
  readonly onFailure?: OnFailure
}

/** Asks all at the same time, with the hook's deadline for all together. The answers are in the order of `asked`. */
export const askAll = <Name extends HookName>(
  name: Name,
  request: HookRequest<Name>,
  asked: readonly Asked[],
  clock: Clock,
): Promise<readonly HookAnswer<Name>[]> =>
  new Promise((resolve) => {
    const answers = asked.map((each) => hookAnswer<Name>(each, { type: 'no-verdict', code: 'timed-out' }))
    let missing = asked.length
    const takeBack: (() => void)[] = []
    const cancel = clock.setTimer(hooks[name].deadlineMs, () => {
      for (const back of takeBack) back()
      resolve(answers)
    })
    asked.forEach((each, index) => {
      const answered = (reply: HookReply): void => {
        answers[index] = hookAnswer(each, reply)
        missing -= 1
        if (missing > 0) return
        cancel()
        resolve(answers)
      }
      if (each.runner === undefined) answered({ type: 'no-verdict', code: 'not-running' })
      else takeBack.push(each.runner.ask(name, request, answered))
    })
  })
