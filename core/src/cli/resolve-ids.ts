import { finderOf } from '@fulgurite/plugin-sdk/contract'
import type { CliClient } from './cli-client.ts'
import { CliFailure } from './failure.ts'
import { type CliField, place, spelled, valueAt } from './fields.ts'

/**
 * Replaces what people type for an id (a short channel id, an alias, the beginning of an id, a peer's name) by the id. Only the node
 * knows what is meant, and it is asked only if the text is not a whole id.
 */
export const resolveIds = async (
  fields: readonly CliField[],
  request: Record<string, unknown>,
  client: CliClient,
): Promise<void> => {
  for (const field of fields) {
    const { path, shape } = field
    const finder = shape.type === 'scalar' ? finderOf(shape.scalar) : undefined
    if (finder === undefined) continue
    const { actor, name, given, found, whole } = finder
    const words = valueAt(request, path)
    if (typeof words !== 'string' || whole.test(words)) continue
    const reply = await client.ask(actor, name, { [given]: words }, {}).catch((error: unknown) => {
      throw error instanceof CliFailure && error.details.field === given ? of(field, error) : error
    })
    place(request, path, (reply.body as Readonly<Record<string, unknown>>)[found])
  }
}

/** The same failure, about the argument that was typed. */
const of = (field: CliField, failure: CliFailure): CliFailure => failure.saying(`${spelled(field)}: ${failure.message}`)
