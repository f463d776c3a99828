import type { ChannelKeys, SigningAnswer, SigningRequest, SigningTask } from '../../channel/index.ts'
import { derivePrivateKey, deriveRevocationPrivateKey } from '../../crypto/commitment-keys.ts'
import { hmacSha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { FIRST_SECRET_INDEX, shachainGenerator } from '../../crypto/shachain.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import type { NodeId, Preimage, PrivateKey, PublicKey, Signature } from '../../lib/ids.ts'
import { once } from '../../lib/once.ts'
import { ecdsa, type FundingSignature } from '../../wire/funding-signature.ts'
import type { ChannelSecrets, KeyTree } from './key-tree.ts'

/** Signs for the node: no private key leaves it. */
export interface Signer {
  readonly nodeId: NodeId
  channel(keyIndex: number): ChannelSigner
  /** A digest, by the node's key. */
  signAsNode(digest: Uint8Array): Signature
  signAsNodeRecoverable(digest: Uint8Array): { readonly signature: Signature; readonly recoveryId: number }
  /**
   * The preimage of a payment to a node that has made no invoice: for the same node and idempotency key the same, so that whoever asks again
   * finds the payment. No other node ever gets it, as that one may know it from an attempt before.
   */
  keysendPreimage(destination: NodeId, key: string): Preimage
}

/** The keys of one channel. */
export interface ChannelSigner {
  readonly publicKeys: ChannelKeys
  commitmentPoint(commitmentNumber: number): PublicKey
  answer(request: Exclude<SigningRequest, { type: 'node-signature' | 'announcement-signatures' }>): SigningAnswer
  /** BOLT 7, channel_announcement: a digest, by the funding key. */
  signAnnouncement(digest: Uint8Array): Signature
  /** For claims: signs with the key of the named basepoint at one of our own per-commitment points. */
  signAt(basepoint: 'delayedPayment' | 'htlc', perCommitmentPoint: PublicKey, task: SigningTask): Signature
  signWithFundingKey(task: SigningTask): FundingSignature
  /** With the payment basepoint, to which the peer's commitments pay us. */
  signWithPaymentKey(task: SigningTask): Signature
  /** For penalties: with the key that the peer gave us by revealing this secret. */
  signWithRevocationKey(perCommitmentSecret: PrivateKey, task: SigningTask): Signature
}

export const localSigner = (keys: KeyTree): Signer => ({
  nodeId: secp256k1.publicKey(keys.nodeKey),
  channel: (keyIndex) => channelSigner(keys.channelSecrets(keyIndex)),
  signAsNode: (digest) => secp256k1.sign(digest, keys.nodeKey),
  signAsNodeRecoverable: (digest) => secp256k1.signRecoverable(digest, keys.nodeKey),
  keysendPreimage: (destination, key) => hmacSha256(keys.keysendKey, destination, utf8Encode(key)),
})

const channelSigner = (secrets: ChannelSecrets): ChannelSigner => {
  // A channel that was opened before has its public keys in its state: most of them are never asked for.
  const publicKeys = once(
    (): ChannelKeys => ({
      fundingKey: secp256k1.publicKey(secrets.funding),
      basepoints: {
        revocation: secp256k1.publicKey(secrets.revocation),
        payment: secp256k1.publicKey(secrets.payment),
        delayedPayment: delayedPaymentBasepoint(),
        htlc: htlcBasepoint(),
      },
    }),
  )
  const delayedPaymentBasepoint = once(() => secp256k1.publicKey(secrets.delayedPayment))
  const htlcBasepoint = once(() => secp256k1.publicKey(secrets.htlc))
  const basepoints = { delayedPayment: delayedPaymentBasepoint, htlc: htlcBasepoint }
  const secretAt = once(() => shachainGenerator(secrets.commitmentSeed))
  // BOLT 3: the first commitment's secret has the highest index, and each next one an index lower by one.
  const commitmentSecret = (number: number): Uint8Array => secretAt()(FIRST_SECRET_INDEX - number)
  const points = recent((number: number) => secp256k1.publicKey(commitmentSecret(number)))
  const signAt: ChannelSigner['signAt'] = (basepoint, point, task) =>
    sign(task, derivePrivateKey(secrets[basepoint], point, basepoints[basepoint]()))

  return {
    get publicKeys() {
      return publicKeys()
    },
    commitmentPoint: points,
    signAt,
    signWithFundingKey: (task) => signFunding(task, secrets.funding),
    signWithPaymentKey: (task) => sign(task, secrets.payment),
    signWithRevocationKey: (perCommitmentSecret, task) =>
      sign(task, deriveRevocationPrivateKey(secrets.revocation, perCommitmentSecret)),
    signAnnouncement: (digest) => secp256k1.sign(digest, secrets.funding),
    answer(request) {
      switch (request.type) {
        case 'funding-signature':
          return { type: 'funding-signature', signature: signFunding(request.task, secrets.funding) }
        case 'closing-signatures':
          return {
            type: 'closing-signatures',
            signatures: request.tasks.map(([variant, task]) => [variant, signFunding(task, secrets.funding)]),
          }
        case 'commitment-signatures': {
          const key = derivePrivateKey(secrets.htlc, request.perCommitmentPoint, htlcBasepoint())
          return {
            type: 'commitment-signatures',
            signature: signFunding(request.fundingTask, secrets.funding),
            htlcSignatures: request.htlcTasks.map((task) => sign(task, key)),
          }
        }
        case 'per-commitment-secret':
          return { type: 'per-commitment-secret', secret: commitmentSecret(request.index) }
      }
    },
  }
}

// One scheme so far; another is another case.
const sign = ({ digest }: SigningTask, key: PrivateKey): Signature => secp256k1.sign(digest, key)

const signFunding = (task: SigningTask, key: PrivateKey): FundingSignature => ecdsa(sign(task, key))

const REMEMBERED_POINTS = 4

/** Remembers the last few answers: a channel asks for the same points several times around each commitment. */
const recent = (compute: (number: number) => PublicKey): ((number: number) => PublicKey) => {
  const known = new Map<number, PublicKey>()
  return (number) => {
    let point = known.get(number)
    if (point === undefined) {
      point = compute(number)
      known.set(number, point)
      const [oldest] = known.keys()
      if (known.size > REMEMBERED_POINTS && oldest !== undefined) known.delete(oldest)
    }
    return point
  }
}
