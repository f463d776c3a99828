import { type CombinedVerdict, type HookAnswer, type HookName, type HookVerdict, hooks } from './hooks.ts'

/**
 * `all-accept`: the first rejection in the operator's order decides. When all accept, the strictest of each term holds: the deepest
 * `minimumDepth`, the largest `reserveSat`, an upfront script if anybody wants one, and zero-conf only if everybody agrees to it. A plugin
 * without a verdict counts as a rejection when failing closed, and is passed over when failing open.
 */
export const combineChannelAccept = (
  answers: readonly HookAnswer<'channel.accept'>[],
): CombinedVerdict<'channel.accept'> => {
  const accepted: Acceptance[] = []
  for (const answer of answers) {
    if (answer.type === 'no-verdict') {
      if (goesOnWithout('channel.accept', answer)) continue
      return { verdict: { type: 'reject', reason: 'not accepting channels now' }, by: answer.plugin }
    }
    if (answer.verdict.type === 'reject') return { verdict: answer.verdict, by: answer.plugin }
    accepted.push(answer.verdict)
  }
  const depths = accepted.flatMap((verdict) => (verdict.type === 'accept' ? (verdict.minimumDepth ?? []) : []))
  const reserveSat = accepted.reduce<bigint | undefined>(
    (most, { reserveSat: each }) => (each === undefined || (most !== undefined && most >= each) ? most : each),
    undefined,
  )
  const terms = {
    ...(reserveSat === undefined ? {} : { reserveSat }),
    ...(accepted.some(({ upfrontShutdown }) => upfrontShutdown === true) ? { upfrontShutdown: true } : {}),
  }
  if (accepted.length > 0 && accepted.every(({ type }) => type === 'accept-zero-conf')) {
    return { verdict: { type: 'accept-zero-conf', ...terms } }
  }
  return {
    verdict: { type: 'accept', ...(depths.length === 0 ? {} : { minimumDepth: Math.max(...depths) }), ...terms },
  }
}

/**
 * `first-decisive`: the first failure in the operator's order decides, and without one the HTLC goes on. A plugin without a verdict counts as
 * a failure when failing closed, and is passed over when failing open.
 */
export const combineHtlcForward = (answers: readonly HookAnswer<'htlc.forward'>[]): CombinedVerdict<'htlc.forward'> => {
  for (const answer of answers) {
    const { plugin } = answer
    if (answer.type === 'no-verdict') {
      if (!goesOnWithout('htlc.forward', answer)) return { verdict: UNANSWERED, by: plugin }
    } else if (answer.verdict.type === 'fail') return { verdict: answer.verdict, by: plugin }
  }
  return { verdict: { type: 'continue' } }
}

/** It is us who cannot tell, whatever channel it was to go out of. */
const UNANSWERED = { type: 'fail', code: 'temporary-node-failure' } as const

const goesOnWithout = <Name extends HookName>(
  name: Name,
  { onFailure = hooks[name].onFailure }: Extract<HookAnswer<Name>, { type: 'no-verdict' }>,
): boolean => onFailure === 'open'

type Acceptance = Exclude<HookVerdict<'channel.accept'>, { type: 'reject' }>
