import type { Shape } from '@fulgurite/plugin-sdk/contract'
import type { Random } from './random.ts'

const hex = (bytes: number, random: Random): string => Buffer.from(random.bytes(bytes)).toString('hex')

type ScalarShape = Extract<Shape, { type: 'scalar' }>

const scalarOf = ({ scalar, json }: ScalarShape, random: Random): unknown => {
  switch (scalar) {
    case 'msat':
    case 'sat':
      return random.oneIn(3) ? random.below(1 << 30) : String(random.below(1 << 30))
    case 'ppm':
    case 'timestamp':
    case 'block-height':
    case 'integer':
      return (json.minimum ?? 0) + random.below(100)
    case 'feerate':
      return 253 + random.below(10_000)
    case 'flag':
      return random.oneIn(2)
    case 'node-id':
      return `02${hex(32, random)}`
    case 'channel-id':
    case 'txid':
    case 'block-hash':
    case 'payment-hash':
    case 'preimage':
      return hex(32, random)
    case 'hex':
      return hex(random.pick([0, 32, 40]), random)
    case 'short-channel-id':
      return `${random.below(99_999_999)}x${random.below(99)}x${random.below(99)}`
    case 'cursor':
      return `e${random.below(50).toString(36)}`
    case 'page-token':
      return random.pick(['0', 'zz', hex(8, random), '!'])
    case 'path':
      return '/dev/null/nowhere'
    case 'address':
      return 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
    case 'socket-address':
      // Nothing listens there, and no name has to be looked up.
      return '127.0.0.1:1'
    case 'invoice':
      return `lnbcrt1${'q'.repeat(30)}`
    case 'json':
      return { a: { b: [1] } }
    case 'text':
      return 'words'
  }
}

/** A value that fits the shape, or nearly: what optional members there are is up to chance. */
export const sampleOf = (shape: Shape, random: Random): unknown => {
  switch (shape.type) {
    case 'scalar':
      return scalarOf(shape, random)
    case 'choice':
      return random.pick(shape.values)
    case 'list':
      return Array.from({ length: 1 + random.below(3) }, () => sampleOf(shape.item, random))
    case 'object':
      return Object.fromEntries(
        shape.members
          .filter(({ optional }) => !optional || random.oneIn(2))
          .map(({ key, shape: inner }) => [key, sampleOf(inner, random)]),
      )
    case 'union':
      return sampleOf(random.pick(shape.options), random)
  }
}
