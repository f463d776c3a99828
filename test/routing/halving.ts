import type { PathFinder, PathWorld } from '../../core/src/graph/paths/find-paths.ts'
import type { FoundPath, PathQuestion } from '../../core/src/graph/paths/path-question.ts'

/** Answers a question with parts, or with `undefined`. */
export type Strategy = (
  finder: PathFinder,
  question: PathQuestion,
  world: PathWorld,
) => readonly FoundPath[] | undefined

/** What the product does. */
export const byFlow: Strategy = (finder, question, world) => {
  const answer = finder.find(question, world)
  return answer.ok ? answer.value.paths : undefined
}

/** What most nodes do: what cannot go by one path is cut in two, and each half looks for its own. It is here to be compared with. */
export const byHalving: Strategy = (finder, question, world) =>
  halve(finder, { ...question, maxParts: 1 }, world, question.maxParts)

const LEAST_MSAT = 10_000n

const halve = (
  finder: PathFinder,
  question: PathQuestion,
  world: PathWorld,
  maxParts: number,
): readonly FoundPath[] | undefined => {
  const whole = byFlow(finder, question, world)
  if (whole !== undefined) return whole
  const { amountMsat } = question
  if (maxParts < 2 || amountMsat < LEAST_MSAT * 2n) return undefined
  const first = halve(finder, { ...question, amountMsat: amountMsat / 2n }, world, maxParts / 2)
  if (first === undefined) return undefined
  const rest = besides(question, first)
  const second = halve(finder, { ...rest, amountMsat: amountMsat - amountMsat / 2n }, world, maxParts / 2)
  return second === undefined ? undefined : [...first, ...second]
}

/** The question once these parts are under way. */
export const besides = (question: PathQuestion, paths: readonly FoundPath[]): PathQuestion => {
  const spent = (place: number): bigint =>
    paths.reduce((sum, { ownChannel, hops }) => sum + (ownChannel === place ? (hops[0]?.amountMsat ?? 0n) : 0n), 0n)
  const inFlight = paths.flatMap(({ hops }) =>
    hops.slice(1).map(({ shortChannelId = 0n, amountMsat }, i) => ({
      from: hops[i]?.nodeId ?? question.source,
      shortChannelId,
      amountMsat,
    })),
  )
  return {
    ...question,
    maxFeeMsat: question.maxFeeMsat - paths.reduce((sum, { feesMsat }) => sum + feesMsat, 0n),
    ...(question.ownChannels === undefined
      ? {}
      : {
          ownChannels: question.ownChannels.map((channel, place) => ({
            ...channel,
            spendableMsat: channel.spendableMsat - spent(place),
          })),
        }),
    inFlight: [...question.inFlight, ...inFlight],
  }
}
