import { type CombinedVerdict, type HookAnswer, type HookVerdict, hooks } from './hooks.ts'

/**
 * `all-accept`: the first rejection in the operator's order decides. When all accept, the strictest of each term holds: the deepest
 * `minimumDepth`, the largest `reserveSat`, an upfront script if anybody wants one, and zero-conf only if everybody agrees to it. A plugin
 * without a verdict counts as a rejection when failing closed, and is passed over when failing open.
 */
export const combineChannelAccept = (
  answers: readonly HookAnswer<'channel.accept'>[],
  onFailure: 'open' | 'closed' = hooks['channel.accept'].onFailure,
): CombinedVerdict<'channel.accept'> => {
  const accepted: Acceptance[] = []
  for (const answer of answers) {
    if (answer.type === 'no-verdict') {
      if (onFailure === 'open') continue
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

type Acceptance = Exclude<HookVerdict<'channel.accept'>, { type: 'reject' }>
