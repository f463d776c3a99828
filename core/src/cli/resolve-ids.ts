import { CliFailure } from './failure.ts'
import { type CliField, place, spelled, valueAt } from './fields.ts'
import type { NodeClient } from './node-client.ts'

/** The ids for which people may type something else: which operation knows what is meant, and its field of each. */
const FINDERS = {
  'channel-id': { actor: 'channels', given: 'channel', found: 'channelId', whole: /^[0-9a-f]{64}$/ },
  'node-id': { actor: 'peers', given: 'peer', found: 'nodeId', whole: /^0[23][0-9a-f]{64}$/ },
} as const

/**
 * Puts ids in the place of what stands for them: a short channel id, an alias, the beginning of an id, a peer's name. Only the
 * node knows them, and it is asked only for what is no whole id.
 */
export const resolveIds = async (
  fields: readonly CliField[],
  request: Record<string, unknown>,
  client: NodeClient,
): Promise<void> => {
  for (const field of fields) {
    const { path, shape } = field
    if (shape.type !== 'scalar' || !isFindable(shape.scalar)) continue
    const { actor, given, found, whole } = FINDERS[shape.scalar]
    const words = valueAt(request, path)
    if (typeof words !== 'string' || whole.test(words)) continue
    const reply = await client.ask(actor, 'find', { [given]: words }, {}).catch((error: unknown) => {
      throw error instanceof CliFailure && error.details.field === given ? of(field, error) : error
    })
    place(request, path, (reply.body as Readonly<Record<string, unknown>>)[found])
  }
}

const isFindable = (scalar: string): scalar is keyof typeof FINDERS => Object.hasOwn(FINDERS, scalar)

/** The same, of the argument that it was typed for. */
const of = (field: CliField, failure: CliFailure): CliFailure => failure.saying(`${spelled(field)}: ${failure.message}`)
