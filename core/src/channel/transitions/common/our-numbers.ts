import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { FIRST_SECRET_INDEX, findSecret } from '../../../crypto/shachain.ts'
import type { ChannelId } from '../../../lib/ids.ts'
import type { ChannelReestablish } from '../../../wire/messages/channel-operation.ts'
import { latest } from '../../commitments/commitments.ts'
import type { Funded } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'

/** BOLT 2, channel_reestablish. */
export const channelReestablish = (durable: Funded, env: ChannelEnv): ChannelReestablish => {
  // Its numbers are lost.
  if (durable.recovered) return reestablishUnknown(durable.params.channelId)
  const { local, remote } = latest(durable)
  const secret =
    remote.index === 0 ? undefined : findSecret(durable.remoteSecrets, FIRST_SECRET_INDEX - (remote.index - 1))
  return {
    type: 'channel_reestablish',
    channelId: durable.params.channelId,
    nextCommitmentNumber: BigInt(local.index + 1),
    nextRevocationNumber: BigInt(remote.index),
    yourLastPerCommitmentSecret: secret ?? new Uint8Array(32),
    myCurrentPerCommitmentPoint: env.commitmentPoint(local.index),
  }
}

/** A point that is valid, and whose secret everybody knows: it takes the place of one that nobody has. */
const NO_COMMITMENT_POINT = secp256k1.publicKey(new Uint8Array(32).fill(1, 31))

/**
 * Our `channel_reestablish` for a channel that we know nothing of, before the error that says so. BOLT 2: the number zero makes the peer
 * publish its latest commitment at once. LND closes on this and on no error, and LDK says the same in our place; from a node that has lost
 * its data, it is the request to be paid out.
 */
export const reestablishUnknown = (channelId: ChannelId): ChannelReestablish => ({
  type: 'channel_reestablish',
  channelId,
  nextCommitmentNumber: 0n,
  nextRevocationNumber: 0n,
  yourLastPerCommitmentSecret: new Uint8Array(32),
  myCurrentPerCommitmentPoint: NO_COMMITMENT_POINT,
})
