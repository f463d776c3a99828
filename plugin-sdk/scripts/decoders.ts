import { allOperations, contract } from '../src/contract/index.ts'
import { isAmount, type Shape, shapeOf } from '../src/contract/shape.ts'

/** Straight-line code that turns the decimal strings of parsed JSON back into `bigint`, in place, one function a type. */
export const decoders = (): string => {
  const events = Object.values(contract.events).map(({ name, payload }) => [name, shapeOf(payload)] as const)
  const replies = allOperations()
    .filter(({ operation }) => operation.access === 'grantable')
    .map(({ actor, name, operation }) => [`${actor}.${name}`, shapeOf(operation.reply)] as const)
  const hooks = Object.values(contract.hooks).map(({ name, request }) => [name, shapeOf(request)] as const)
  return [
    '// Written by `npm run contract` from plugin-sdk/src/contract. Do not edit.',
    '',
    '/** Restores the amounts of parsed JSON in place. What has no amounts has no entry. */',
    'type Restore = (data: any) => void',
    '',
    table('Payloads, by event name.', 'restoreEvent', events),
    table('Replies, by `actor.operation`.', 'restoreReply', replies),
    table('Hook requests, by hook name.', 'restoreHook', hooks),
  ].join('\n')
}

const table = (summary: string, name: string, entries: readonly (readonly [string, Shape])[]): string => {
  const rows = entries.flatMap(([key, shape]) => {
    const code = restore(shape, 'data', '    ', 0)
    return code === '' ? [] : [`  '${key}': (data) => {\n${code}  },\n`]
  })
  return `/** ${summary} */\nexport const ${name}: Readonly<Record<string, Restore>> = {\n${rows.join('')}}\n`
}

const restore = (shape: Shape, at: string, indent: string, depth: number): string => {
  switch (shape.type) {
    case 'scalar':
    case 'choice':
      return ''
    case 'object':
      return shape.members
        .map(({ key, optional, shape: inner }) => {
          const target = `${at}.${key}`
          if (inner.type === 'scalar') {
            if (!isAmount(inner.scalar)) return ''
            const guard = optional ? `if (${target} !== undefined) ` : ''
            return `${indent}${guard}${target} = BigInt(${target})\n`
          }
          const code = restore(inner, target, optional ? `${indent}  ` : indent, depth)
          if (code === '' || !optional) return code
          return `${indent}if (${target} !== undefined) {\n${code}${indent}}\n`
        })
        .join('')
    case 'list': {
      const item = `item${depth}`
      if (shape.item.type === 'scalar' && isAmount(shape.item.scalar)) {
        return `${indent}for (let i = 0; i < ${at}.length; i++) ${at}[i] = BigInt(${at}[i])\n`
      }
      const code = restore(shape.item, item, `${indent}  `, depth + 1)
      return code === '' ? '' : `${indent}for (const ${item} of ${at}) {\n${code}${indent}}\n`
    }
    case 'union':
      return shape.options
        .map((option) => {
          const tag = option.members.find(({ key }) => key === shape.tag)?.shape
          const code = restore(option, at, `${indent}  `, depth)
          if (code === '' || tag?.type !== 'choice') return ''
          return `${indent}if (${at}.${shape.tag} === '${tag.values[0]}') {\n${code}${indent}}\n`
        })
        .join('')
  }
}
