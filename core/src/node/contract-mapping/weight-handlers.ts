import type { ReplyOf, RequestOf } from '@fulgurite/plugin-sdk/contract'
import type { EdgeWeight } from '../../graph/paths/weights.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { formatShortChannelId, parseShortChannelId, type ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Caller, Refusal } from '../contract-gateway.ts'
import type { WeightOwner } from '../routing/weight-tables.ts'
import type { MappingContext } from './context.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import { pageOf } from './paging.ts'
import type { PluginPresence } from './plugin-presence.ts'

type AskedWeight = RequestOf<'router', 'setWeights'>['weights'][number]
type ShownWeight = ReplyOf<'router', 'weights'>['items'][number]

const ONE_MILLION = 1_000_000

/** The tables of weights that searches heed. A plugin's goes with each run of it: it has to say anew what it wants then. */
export const weightHandlers = (
  { graph, options }: Pick<MappingContext, 'graph' | 'options'>,
  plugins: PluginPresence,
): Pick<ActorHandlers<'router'>, 'setWeights' | 'clearWeights' | 'weights'> => {
  const { weights: tables } = graph
  plugins.onEnd((plugin) => tables.clear({ plugin }))
  return {
    async setWeights({ weights }, { caller }) {
      // It may have ended while its command was under way.
      if (caller.kind === 'plugin' && !plugins.has(caller.name))
        return err(refusal('not-ready', 'the plugin has ended'))
      const read = readWeights(weights)
      if (!read.ok) return read
      tables.set(ownerOf(caller), read.value, options.clock.now())
      return ok({ weights: read.value.length })
    },
    async clearWeights({ plugin }, { caller }) {
      if (plugin !== undefined && caller.kind === 'plugin' && caller.name !== plugin) {
        return err(refusal('invalid-request', 'plugin: a plugin clears its own table alone', { field: 'plugin' }))
      }
      return ok({ cleared: tables.clear(plugin === undefined ? ownerOf(caller) : { plugin }) })
    },
    async weights({ page }) {
      const shown = [...tables.tables()].flatMap(({ owner, weights, setAt }) =>
        weights.map((weight) => ({ ...(owner === 'operator' ? {} : owner), setAt, ...describe(weight) })),
      )
      return pageOf(shown, page)
    },
  }
}

const ownerOf = (caller: Caller): WeightOwner => (caller.kind === 'plugin' ? { plugin: caller.name } : 'operator')

/** Refuses what is no weight, or is one of something that has one. */
export const readWeights = (
  asked: readonly AskedWeight[],
): Result<readonly EdgeWeight[], Refusal<'invalid-request'>> => {
  const names = new Set<string>()
  const weights: EdgeWeight[] = []
  for (const [at, one] of asked.entries()) {
    const field = `weights.${at}`
    const { nodeId, shortChannelId, from, costPpm } = one
    const factor = costPpm / ONE_MILLION
    const name = nodeId ?? `${shortChannelId} ${from}`
    if (names.has(name)) return err(refusal('invalid-request', `${field}: it has a weight already`, { field }))
    names.add(name)
    if (nodeId !== undefined && shortChannelId === undefined && from === undefined) {
      weights.push({ nodeId: fromHex(nodeId), factor })
    } else if (nodeId === undefined && shortChannelId !== undefined) {
      const id = parseShortChannelId(shortChannelId) as ShortChannelId
      weights.push({ shortChannelId: id, ...(from === undefined ? {} : { from: fromHex(from) }), factor })
    } else {
      const message = `${field}: expected a nodeId alone, or a shortChannelId with or without the node that sends over it`
      return err(refusal('invalid-request', message, { field }))
    }
  }
  return ok(weights)
}

const describe = (weight: EdgeWeight): Omit<ShownWeight, 'plugin' | 'setAt'> => {
  const costPpm = Math.round(weight.factor * ONE_MILLION)
  if ('nodeId' in weight) return { nodeId: toHex(weight.nodeId), costPpm }
  const { shortChannelId, from } = weight
  return {
    shortChannelId: formatShortChannelId(shortChannelId),
    ...(from === undefined ? {} : { from: toHex(from) }),
    costPpm,
  }
}
