import { EMPTY, equalBytes } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { checkFeatures, type FeatureSet, formatFeatures, initFeatures } from '../../wire/features.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { Init } from '../../wire/messages/setup.ts'
import type { EstablishFailure } from './connection-failure.ts'

/** BOLT 1: what we say first. */
export const ourInit = (features: FeatureSet, chainHash: Uint8Array): Init => ({
  type: 'init',
  globalFeatures: EMPTY,
  features: formatFeatures(features, 'init'),
  networks: [chainHash],
})

/** BOLT 1: whether the peer's init lets us work with it. */
export const checkInit = (
  message: Message | UnknownMessage,
  features: FeatureSet,
  chainHash: Uint8Array,
): Result<Init, EstablishFailure> => {
  if (message.type !== 'init') return err({ code: 'init-not-first', received: message.type })
  // BOLT 1, networks: without any, the peer leaves it open.
  if (message.networks !== undefined && !message.networks.some((network) => equalBytes(network, chainHash))) {
    return err({ code: 'wrong-chain' })
  }
  // BOLT 1, init: unknown even features, and features without those that they depend on, close the connection.
  const checked = checkFeatures(initFeatures(message), features)
  return checked.ok ? ok(message) : checked
}
