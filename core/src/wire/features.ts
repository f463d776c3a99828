import { err, ok, type Result } from '../lib/result.ts'
import type { FeatureVector } from './feature-vector.ts'
import type { Init } from './messages/setup.ts'

/** Where BOLT 9 allows a feature to be shown. */
export type FeatureContext = 'init' | 'node' | 'channel' | 'invoice' | 'blinded' | 'channel-type'

interface FeatureInfo {
  /** The even bit; the odd one is the next. */
  readonly bit: number
  readonly contexts: readonly FeatureContext[]
  readonly requires?: readonly FeatureName[]
}

const IN = ['init', 'node'] as const
const IN9 = ['init', 'node', 'invoice'] as const
const INT = ['init', 'node', 'channel-type'] as const

/** BOLT 9's table of assigned bits, by name. The contexts of assumed features are those that they had before. */
const FEATURES = {
  option_data_loss_protect: { bit: 0, contexts: IN },
  option_upfront_shutdown_script: { bit: 4, contexts: IN },
  gossip_queries: { bit: 6, contexts: IN },
  var_onion_optin: { bit: 8, contexts: IN9 },
  gossip_queries_ex: { bit: 10, contexts: IN },
  option_static_remotekey: { bit: 12, contexts: INT },
  payment_secret: { bit: 14, contexts: IN9 },
  basic_mpp: { bit: 16, contexts: IN9, requires: ['payment_secret'] },
  option_support_large_channel: { bit: 18, contexts: IN },
  option_anchors: { bit: 22, contexts: INT },
  option_route_blinding: { bit: 24, contexts: IN9 },
  option_shutdown_anysegwit: { bit: 26, contexts: IN },
  option_dual_fund: { bit: 28, contexts: IN },
  option_quiesce: { bit: 34, contexts: IN },
  option_attribution_data: { bit: 36, contexts: IN9 },
  option_onion_messages: { bit: 38, contexts: IN },
  option_provide_storage: { bit: 42, contexts: IN },
  option_channel_type: { bit: 44, contexts: IN },
  option_scid_alias: { bit: 46, contexts: INT },
  option_payment_metadata: { bit: 48, contexts: ['invoice'] },
  option_zeroconf: { bit: 50, contexts: INT, requires: ['option_scid_alias'] },
  // bLIP 3, which BOLT 9 does not list.
  keysend: { bit: 54, contexts: ['node'] },
  /** lightning/bolts 836: not in BOLT 9 yet. */
  trampoline_routing: { bit: 56, contexts: IN9 },
  option_simple_close: { bit: 60, contexts: IN, requires: ['option_shutdown_anysegwit'] },
  option_splice: { bit: 62, contexts: IN },
} as const satisfies Readonly<Record<string, Omit<FeatureInfo, 'requires'> & { readonly requires?: readonly string[] }>>

export type FeatureName = keyof typeof FEATURES
export type FeatureLevel = 'mandatory' | 'optional'
/** The features that a vector sets, by name. */
export type FeatureSet = { readonly [Name in FeatureName]?: FeatureLevel }

const infos = Object.entries(FEATURES) as [FeatureName, FeatureInfo][]
const names = new Map(infos.map(([name, { bit }]) => [bit, name]))

/** Why a vector is refused. */
export type FeatureError =
  | { readonly code: 'unknown-even-feature'; readonly bit: number }
  | { readonly code: 'missing-feature-dependency'; readonly feature: FeatureName; readonly requires: FeatureName }

/** Whether the bit is set. */
export const hasBit = (vector: FeatureVector, bit: number): boolean => {
  const byte = vector[vector.length - 1 - (bit >> 3)]
  return byte !== undefined && (byte & (1 << (bit & 7))) !== 0
}

/** The vector with exactly these bits, in the fewest bytes. */
export const vectorOfBits = (bits: readonly number[]): FeatureVector => {
  const vector = new Uint8Array(bits.length === 0 ? 0 : (Math.max(...bits) >> 3) + 1)
  for (const bit of bits) {
    const at = vector.length - 1 - (bit >> 3)
    vector[at] = (vector[at] as number) | (1 << (bit & 7))
  }
  return vector
}

const bitsOf = (vector: FeatureVector): readonly number[] => {
  const bits: number[] = []
  for (let bit = 0; bit < vector.length * 8; bit++) if (hasBit(vector, bit)) bits.push(bit)
  return bits
}

/** How a vector sets a feature. BOLT 9: with both bits set, it counts as mandatory. */
export const featureLevel = (vector: FeatureVector, name: FeatureName): FeatureLevel | undefined => {
  const { bit } = FEATURES[name]
  return hasBit(vector, bit) ? 'mandatory' : hasBit(vector, bit + 1) ? 'optional' : undefined
}

export const hasFeature = (vector: FeatureVector, name: FeatureName): boolean =>
  featureLevel(vector, name) !== undefined

/** The features that BOLT 9 names and the vector sets. */
export const parseFeatures = (vector: FeatureVector): FeatureSet => {
  const set: { [Name in FeatureName]?: FeatureLevel } = {}
  for (const [name] of infos) {
    const level = featureLevel(vector, name)
    if (level !== undefined) set[name] = level
  }
  return set
}

/** The vector of a set, as shown in a context: features that have no place there are left out (BOLT 9). */
export const formatFeatures = (set: FeatureSet, context: FeatureContext): FeatureVector =>
  vectorOfBits(
    infos.flatMap(([name, { bit, contexts }]) => {
      const level = set[name]
      if (level === undefined || !contexts.includes(context)) return []
      return [level === 'mandatory' ? bit : bit + 1]
    }),
  )

/** The even bits set of which BOLT 9 says nothing that we have read. */
export const unknownEvenBits = (vector: FeatureVector): readonly number[] =>
  bitsOf(vector).filter((bit) => bit % 2 === 0 && !names.has(bit))

/**
 * Whether we can work with a peer or an invoice that shows `theirs`, knowing the features in `known`: it must ask for nothing unknown (BOLT
 * 1, `init`), and must set what its features depend on (BOLT 9).
 */
export const checkFeatures = (theirs: FeatureVector, known: FeatureSet): Result<void, FeatureError> => {
  for (const bit of bitsOf(theirs)) {
    if (bit % 2 !== 0) continue
    const name = names.get(bit)
    if (name === undefined || known[name] === undefined) return err({ code: 'unknown-even-feature', bit })
  }
  for (const [name, { requires = [] }] of infos) {
    if (!hasFeature(theirs, name)) continue
    for (const required of requires) {
      if (!hasFeature(theirs, required)) {
        return err({ code: 'missing-feature-dependency', feature: name, requires: required })
      }
    }
  }
  return ok(undefined)
}

/** BOLT 1: both offered it, or we offered it as mandatory (a peer without it would have hung up). */
export const isNegotiated = (ours: FeatureVector, theirs: FeatureVector, name: FeatureName): boolean => {
  const level = featureLevel(ours, name)
  return level === 'mandatory' || (level === 'optional' && hasFeature(theirs, name))
}

/** BOLT 1, `init`: the two vectors of the message are read as one. */
export const initFeatures = ({ globalFeatures, features }: Init): FeatureVector => {
  const length = Math.max(globalFeatures.length, features.length)
  const vector = new Uint8Array(length)
  for (const part of [globalFeatures, features]) {
    const shift = length - part.length
    for (let i = 0; i < part.length; i++) vector[shift + i] = (vector[shift + i] as number) | (part[i] as number)
  }
  return vector
}

/** What this node offers. */
export const OUR_FEATURES: FeatureSet = {
  option_data_loss_protect: 'mandatory',
  var_onion_optin: 'mandatory',
  option_static_remotekey: 'mandatory',
  payment_secret: 'mandatory',
  option_channel_type: 'mandatory',
  option_upfront_shutdown_script: 'optional',
  basic_mpp: 'optional',
  option_route_blinding: 'optional',
  option_support_large_channel: 'optional',
  option_anchors: 'optional',
  option_shutdown_anysegwit: 'optional',
  option_attribution_data: 'optional',
  option_provide_storage: 'optional',
  option_scid_alias: 'optional',
  option_zeroconf: 'optional',
  option_simple_close: 'optional',
}

/** What a node offers besides that takes payments without an invoice. */
export const KEYSEND_FEATURES: FeatureSet = { keysend: 'optional' }
/** What a node that finds the way on for others offers besides. */
export const TRAMPOLINE_FEATURES: FeatureSet = { trampoline_routing: 'optional' }

/** What a node that takes part in the network's gossip offers besides. */
export const GOSSIP_FEATURES: FeatureSet = { gossip_queries: 'optional', gossip_queries_ex: 'optional' }

/** What a node that takes and passes on onion messages offers besides. */
export const MESSAGE_FEATURES: FeatureSet = { option_onion_messages: 'optional' }
