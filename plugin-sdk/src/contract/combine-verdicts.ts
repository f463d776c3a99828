import { type CombinedVerdict, type HookAnswer, type HookVerdict, hooks } from './hooks.ts'

/**
 * `all-accept`: the first rejection in the operator's order decides; when all accept, the deepest `minimumDepth` holds.
 * A plugin without a verdict counts as a rejection when failing closed, and is passed over when failing open.
 */
export const combineChannelAccept = (
  answers: readonly HookAnswer<'channel.accept'>[],
  onFailure: 'open' | 'closed' = hooks['channel.accept'].onFailure,
): CombinedVerdict<'channel.accept'> => {
  let minimumDepth: number | undefined
  for (const answer of answers) {
    if (answer.type === 'no-verdict') {
      if (onFailure === 'open') continue
      return { verdict: { type: 'reject', reason: 'not accepting channels now' }, by: answer.plugin }
    }
    if (answer.verdict.type === 'reject') return { verdict: answer.verdict, by: answer.plugin }
    const asked = answer.verdict.minimumDepth
    if (asked !== undefined && (minimumDepth === undefined || asked > minimumDepth)) minimumDepth = asked
  }
  const verdict: HookVerdict<'channel.accept'> =
    minimumDepth === undefined ? { type: 'accept' } : { type: 'accept', minimumDepth }
  return { verdict }
}
