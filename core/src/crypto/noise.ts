import { ByteQueue } from '../lib/byte-queue.ts'
import { concat, EMPTY, utf8Encode } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { NodeId, PrivateKey, PublicKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { open, seal, sealInto, TAG_LENGTH } from './chacha20-poly1305.ts'
import { sha256 } from './hashes.ts'
import { hkdfPair } from './hkdf.ts'
import { secp256k1 } from './secp256k1.ts'

// BOLT 8: the Noise_XK handshake over secp256k1 in three acts, then the encrypted transport. No I/O and no randomness: the
// ephemeral keys are given.

/** Bytes of the handshake's acts on the wire. */
export const ACT_ONE_LENGTH = 50
export const ACT_TWO_LENGTH = 50
export const ACT_THREE_LENGTH = 66

/** The largest Lightning message, in bytes (BOLT 8). */
const MAX_MESSAGE_LENGTH = 65535

const VERSION = 0
const POINT_LENGTH = 33
const HEADER_LENGTH = 2 + TAG_LENGTH
/** A key is replaced when it was used this often. */
const USES_PER_KEY = 1000

/** BOLT 8: if anything goes wrong in the handshake, the connection is dropped without an answer. */
export type HandshakeFailure =
  | { readonly code: 'handshake-act-length'; readonly act: Act; readonly length: number }
  | { readonly code: 'handshake-version'; readonly act: Act; readonly version: number }
  | { readonly code: 'handshake-public-key'; readonly act: Act }
  | { readonly code: 'handshake-ciphertext'; readonly act: Act }
  | { readonly code: 'handshake-tag'; readonly act: Act }

type Act = 1 | 2 | 3

/** One direction of the transport as the handshake leaves it. Secret. */
interface TransportKey {
  readonly key: Uint8Array
  readonly chainingKey: Uint8Array
}

/** Both directions of the transport. Secret. */
export interface TransportKeys {
  readonly sending: TransportKey
  readonly receiving: TransportKey
}

/** The running digest and chaining key that both sides agree on. */
interface Symmetric {
  readonly digest: Uint8Array
  readonly chainingKey: Uint8Array
}

/** What the initiator remembers between acts one and two. Secret. */
export interface InitiatorState extends Symmetric {
  readonly staticKey: PrivateKey
  readonly ephemeralKey: PrivateKey
}

/** What the responder remembers between acts two and three. Secret. */
export interface ResponderState extends Symmetric {
  readonly ephemeralKey: PrivateKey
  readonly temporaryKey: Uint8Array
}

const PROTOCOL_DIGEST = sha256(utf8Encode('Noise_XK_secp256k1_ChaChaPoly_SHA256'))
const PROLOGUE_DIGEST = sha256(concat(PROTOCOL_DIGEST, utf8Encode('lightning')))

const nonceOf = (count: number): Uint8Array => {
  const nonce = new Uint8Array(12)
  setNonce(nonce, count)
  return nonce
}

/** 4 zero bytes, then 64 bits little-endian; ours never exceed 1000. */
const setNonce = (nonce: Uint8Array, count: number): void => {
  nonce[4] = count & 0xff
  nonce[5] = count >>> 8
}

const ZERO_NONCE = nonceOf(0)
const ONE_NONCE = nonceOf(1)

const mix = (digest: Uint8Array, data: Uint8Array): Uint8Array => sha256(concat(digest, data))

const initial = (responderStaticPublicKey: PublicKey): Symmetric => ({
  digest: mix(PROLOGUE_DIGEST, responderStaticPublicKey),
  chainingKey: PROTOCOL_DIGEST,
})

/** Acts one and two have the same form: version, ephemeral point, tag over nothing. */
const writeEphemeral = (state: Symmetric, ephemeralKey: PrivateKey, remoteKey: PublicKey) => {
  const point = secp256k1.publicKey(ephemeralKey)
  const digest = mix(state.digest, point)
  const [chainingKey, temporaryKey] = hkdfPair(state.chainingKey, secp256k1.ecdh(remoteKey, ephemeralKey))
  const tag = seal(temporaryKey, ZERO_NONCE, digest, EMPTY)
  return { act: concat(Uint8Array.of(VERSION), point, tag), digest: mix(digest, tag), chainingKey, temporaryKey }
}

const readEphemeral = (state: Symmetric, act: Act, bytes: Uint8Array, ourKey: PrivateKey) => {
  const expected = act === 1 ? ACT_ONE_LENGTH : ACT_TWO_LENGTH
  if (bytes.length !== expected) return err({ code: 'handshake-act-length', act, length: bytes.length } as const)
  const version = bytes[0] as number
  if (version !== VERSION) return err({ code: 'handshake-version', act, version } as const)
  const point = bytes.slice(1, 1 + POINT_LENGTH)
  if (!secp256k1.isPublicKey(point)) return err({ code: 'handshake-public-key', act } as const)
  const digest = mix(state.digest, point)
  const [chainingKey, temporaryKey] = hkdfPair(state.chainingKey, secp256k1.ecdh(point, ourKey))
  const tag = bytes.subarray(1 + POINT_LENGTH)
  if (open(temporaryKey, ZERO_NONCE, digest, tag) === undefined) return err({ code: 'handshake-tag', act } as const)
  return ok({ point, digest: mix(digest, tag), chainingKey, temporaryKey })
}

/** Act one. The node's id must be a valid point: the initiator knows whom it calls. */
export const startHandshake = (options: {
  readonly staticKey: PrivateKey
  readonly ephemeralKey: PrivateKey
  readonly remoteNodeId: NodeId
}): { readonly actOne: Uint8Array; readonly state: InitiatorState } => {
  const { staticKey, ephemeralKey, remoteNodeId } = options
  const { act, digest, chainingKey } = writeEphemeral(initial(remoteNodeId), ephemeralKey, remoteNodeId)
  return { actOne: act, state: { staticKey, ephemeralKey, digest, chainingKey } }
}

/** Reads act one, writes act two. */
export const answerHandshake = (
  options: { readonly staticKey: PrivateKey; readonly ephemeralKey: PrivateKey },
  actOne: Uint8Array,
): Result<{ readonly actTwo: Uint8Array; readonly state: ResponderState }, HandshakeFailure> => {
  const { staticKey, ephemeralKey } = options
  const read = readEphemeral(initial(secp256k1.publicKey(staticKey)), 1, actOne, staticKey)
  if (!read.ok) return read
  const { act, digest, chainingKey, temporaryKey } = writeEphemeral(read.value, ephemeralKey, read.value.point)
  return ok({ actTwo: act, state: { ephemeralKey, digest, chainingKey, temporaryKey } })
}

/** Reads act two, writes act three: the initiator may then send. */
export const finishHandshake = (
  state: InitiatorState,
  actTwo: Uint8Array,
): Result<{ readonly actThree: Uint8Array; readonly keys: TransportKeys }, HandshakeFailure> => {
  const read = readEphemeral(state, 2, actTwo, state.ephemeralKey)
  if (!read.ok) return read
  const sealedKey = seal(read.value.temporaryKey, ONE_NONCE, read.value.digest, secp256k1.publicKey(state.staticKey))
  const digest = mix(read.value.digest, sealedKey)
  const shared = secp256k1.ecdh(read.value.point, state.staticKey)
  const [chainingKey, temporaryKey] = hkdfPair(read.value.chainingKey, shared)
  const tag = seal(temporaryKey, ZERO_NONCE, digest, EMPTY)
  const [sending, receiving] = hkdfPair(chainingKey, EMPTY)
  return ok({
    actThree: concat(Uint8Array.of(VERSION), sealedKey, tag),
    keys: { sending: { key: sending, chainingKey }, receiving: { key: receiving, chainingKey } },
  })
}

/** Reads act three: the responder learns who called. */
export const acceptHandshake = (
  state: ResponderState,
  actThree: Uint8Array,
): Result<{ readonly remoteNodeId: NodeId; readonly keys: TransportKeys }, HandshakeFailure> => {
  const act = 3
  if (actThree.length !== ACT_THREE_LENGTH) {
    return err({ code: 'handshake-act-length', act, length: actThree.length })
  }
  const version = actThree[0] as number
  if (version !== VERSION) return err({ code: 'handshake-version', act, version })
  const sealedKey = actThree.subarray(1, 1 + POINT_LENGTH + TAG_LENGTH)
  const remoteNodeId = open(state.temporaryKey, ONE_NONCE, state.digest, sealedKey)
  if (remoteNodeId === undefined) return err({ code: 'handshake-ciphertext', act })
  if (!secp256k1.isPublicKey(remoteNodeId)) return err({ code: 'handshake-public-key', act })
  const digest = mix(state.digest, sealedKey)
  const shared = secp256k1.ecdh(remoteNodeId, state.ephemeralKey)
  const [chainingKey, temporaryKey] = hkdfPair(state.chainingKey, shared)
  const tag = actThree.subarray(1 + POINT_LENGTH + TAG_LENGTH)
  if (open(temporaryKey, ZERO_NONCE, digest, tag) === undefined) return err({ code: 'handshake-tag', act })
  const [receiving, sending] = hkdfPair(chainingKey, EMPTY)
  return ok({
    remoteNodeId,
    keys: { sending: { key: sending, chainingKey }, receiving: { key: receiving, chainingKey } },
  })
}

/** A key that is replaced after 1000 uses, and the nonce that counts them. */
class RotatingKey {
  #key: Uint8Array
  #chainingKey: Uint8Array
  #uses = 0
  readonly #nonce = nonceOf(0)

  constructor({ key, chainingKey }: TransportKey) {
    this.#key = key
    this.#chainingKey = chainingKey
  }

  sealInto(target: Uint8Array, offset: number, plaintext: Uint8Array): void {
    sealInto(target, offset, this.#key, this.#nonce, EMPTY, plaintext)
    this.#used()
  }

  open(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = open(this.#key, this.#nonce, EMPTY, sealed)
    if (plaintext !== undefined) this.#used()
    return plaintext
  }

  #used(): void {
    this.#uses++
    // BOLT 8, message key rotation.
    if (this.#uses === USES_PER_KEY) {
      const [chainingKey, key] = hkdfPair(this.#chainingKey, this.#key)
      this.#chainingKey = chainingKey
      this.#key = key
      this.#uses = 0
    }
    setNonce(this.#nonce, this.#uses)
  }
}

/** The transport after the handshake: encrypts messages for the socket, and finds messages in what the socket brought. */
export class NoiseCipher {
  readonly #sending: RotatingKey
  readonly #receiving: RotatingKey
  readonly #received = new ByteQueue()
  #bodyLength: number | undefined

  constructor(keys: TransportKeys) {
    this.#sending = new RotatingKey(keys.sending)
    this.#receiving = new RotatingKey(keys.receiving)
  }

  /** Encrypts the messages, in order, into one buffer for one write. Each is at most 65535 bytes. */
  encrypt(messages: readonly Uint8Array[]): Uint8Array {
    let total = 0
    for (const message of messages) {
      invariant(message.length <= MAX_MESSAGE_LENGTH, 'a Lightning message has at most 65535 bytes')
      total += HEADER_LENGTH + message.length + TAG_LENGTH
    }
    const encrypted = Buffer.allocUnsafe(total)
    const length = new Uint8Array(2)
    let offset = 0
    for (const message of messages) {
      length[0] = message.length >>> 8
      length[1] = message.length & 0xff
      this.#sending.sealInto(encrypted, offset, length)
      offset += HEADER_LENGTH
      this.#sending.sealInto(encrypted, offset, message)
      offset += message.length + TAG_LENGTH
    }
    return encrypted
  }

  /** Takes bytes as they come from the socket; `next` gives the messages in them. The bytes must not be changed later. */
  receive(chunk: Uint8Array): void {
    this.#received.push(chunk)
  }

  /**
   * The next whole message received, `undefined` when more bytes are needed. After a failure the transport is out of step for
   * good and the connection must be closed.
   */
  next(): Result<Uint8Array | undefined, { readonly code: 'transport-tag' }> {
    if (this.#bodyLength === undefined) {
      const header = this.#received.take(HEADER_LENGTH)
      if (header === undefined) return ok(undefined)
      const length = this.#receiving.open(header)
      if (length === undefined) return err({ code: 'transport-tag' })
      this.#bodyLength = ((length[0] as number) << 8) | (length[1] as number)
    }
    const body = this.#received.take(this.#bodyLength + TAG_LENGTH)
    if (body === undefined) return ok(undefined)
    this.#bodyLength = undefined
    const message = this.#receiving.open(body)
    return message === undefined ? err({ code: 'transport-tag' }) : ok(message)
  }
}
