import { findOperation } from './contract.ts'
import { type Shape, shapeOf } from './shape.ts'

/**
 * A reply without its secret fields, for a caller who has no permission for them. The reply itself is left as it is; where
 * there is nothing to take out it is returned unchanged.
 */
export const withoutSecrets = (actor: string, operation: string, reply: unknown): unknown => {
  const name = `${actor}.${operation}`
  let shape = shapes.get(name)
  if (shape === undefined) {
    const found = findOperation(actor, operation)
    if (found === undefined) return reply
    shape = shapeOf(found.reply)
    shapes.set(name, shape)
  }
  return strip(shape, reply)
}

const shapes = new Map<string, Shape>()

const strip = (shape: Shape, value: unknown): unknown => {
  if (!holdsSecrets(shape) || typeof value !== 'object' || value === null) return value
  if (shape.type === 'list') return (value as unknown[]).map((item) => strip(shape.item, item))
  const known = shape.type === 'union' ? shape.options.flatMap(({ members }) => members) : membersOf(shape)
  const result: Record<string, unknown> = { ...value }
  for (const { key, shape: inner } of known) {
    if (!(key in result)) continue
    if (inner.dataClass === 'secret') delete result[key]
    else result[key] = strip(inner, result[key])
  }
  return result
}

const membersOf = (shape: Shape) => (shape.type === 'object' ? shape.members : [])

const secretive = new WeakMap<Shape, boolean>()

const holdsSecrets = (shape: Shape): boolean => {
  let holds = secretive.get(shape)
  if (holds === undefined) {
    holds =
      shape.dataClass === 'secret' ||
      (shape.type === 'list' && holdsSecrets(shape.item)) ||
      membersOf(shape).some((member) => holdsSecrets(member.shape)) ||
      (shape.type === 'union' && shape.options.some(holdsSecrets))
    secretive.set(shape, holds)
  }
  return holds
}
