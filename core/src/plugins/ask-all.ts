import { type HookAnswer, type HookName, type HookRequest, hooks } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import type { PluginRunner } from './plugin-runner.ts'
import { type HookReply, hookAnswer } from './questions.ts'

/** A plugin that is asked. Without a runner it does not run, and gives no verdict. */
interface Asked {
  readonly plugin: string
  readonly runner: PluginRunner | undefined
}

/** Asks all at the same time, with the hook's deadline for all together. The answers are in the order of `asked`. */
export const askAll = <Name extends HookName>(
  name: Name,
  request: HookRequest<Name>,
  asked: readonly Asked[],
  clock: Clock,
): Promise<readonly HookAnswer<Name>[]> =>
  new Promise((resolve) => {
    const answers = asked.map(({ plugin }): HookAnswer<Name> => ({ type: 'no-verdict', plugin, code: 'timed-out' }))
    let missing = asked.length
    const takeBack: (() => void)[] = []
    const cancel = clock.setTimer(hooks[name].deadlineMs, () => {
      for (const back of takeBack) back()
      resolve(answers)
    })
    asked.forEach(({ plugin, runner }, index) => {
      const answered = (reply: HookReply): void => {
        answers[index] = hookAnswer(plugin, reply)
        missing -= 1
        if (missing > 0) return
        cancel()
        resolve(answers)
      }
      if (runner === undefined) answered({ type: 'no-verdict', code: 'not-running' })
      else takeBack.push(runner.ask(name, request, answered))
    })
  })
