import { type StaticChannel, staticChannelCodec } from '../../channel/index.ts'
import { open, seal, TAG_LENGTH } from '../../crypto/chacha20-poly1305.ts'
import { concat, EMPTY, equalBytes, toHex, utf8Encode } from '../../lib/bytes.ts'
import type { Failure } from '../../lib/errors.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { type FieldCodecs, struct, u16List } from '../../wire/codec/combinators.ts'
import { bytes32, point, restBytes, u16Text, u64 } from '../../wire/codec/primitives.ts'

/** Where the peers are, and what never changes in the channels with them. */
export interface StaticBackup {
  readonly chainHash: Uint8Array
  /** Later than any before of the same node: milliseconds, as far as the clock goes forward. */
  readonly madeAt: bigint
  readonly peers: readonly StaticPeer[]
  readonly channels: readonly StaticChannel[]
}

interface StaticPeer {
  readonly nodeId: NodeId
  /** `host:port`, the likeliest first. */
  readonly addresses: readonly string[]
}

/** Sealed, it is never larger; what claims to be is not read. */
export const MAX_STATIC_BACKUP_BYTES = 32 * 1024 * 1024

const MAGIC = utf8Encode('fulgscb')
const VERSION = 1
const HEAD_BYTES = 8
const NONCE_BYTES = 12

/** What hides how many channels there are from who keeps it. */
interface Padded extends StaticBackup {
  readonly padding: Uint8Array
}

const staticPeer = struct<StaticPeer>({ nodeId: point, addresses: u16List(u16Text) })

const fields: FieldCodecs<StaticBackup> = {
  chainHash: bytes32,
  madeAt: u64,
  peers: u16List(staticPeer),
  channels: u16List(staticChannelCodec),
}

const codec: Codec<Padded> = struct<Padded>({ ...fields, padding: restBytes })

/** Sealed by a key that only the seed gives: ChaCha20-Poly1305 (RFC 8439), with a nonce that is drawn each time. */
export const sealStaticBackup = (key: Uint8Array, rng: Rng, backup: StaticBackup, padding = EMPTY): Uint8Array => {
  const head = concat(MAGIC, Uint8Array.of(VERSION))
  const nonce = rng.bytes(NONCE_BYTES)
  return concat(head, nonce, seal(key, nonce, head, encodeWith(codec, { ...backup, padding })))
}

export type StaticBackupFailure =
  /** It is none, or not whole. */
  | Failure<'channel-backup-invalid'>
  | Failure<'channel-backup-too-new'>
  /** It was made by another seed or changed since: nobody can tell which. */
  | Failure<'channel-backup-foreign'>

export const openStaticBackup = (
  key: Uint8Array,
  bytes: Uint8Array,
  chainHash: Uint8Array,
): Result<StaticBackup, StaticBackupFailure> => {
  const head = bytes.subarray(0, HEAD_BYTES)
  const isOne = equalBytes(head.subarray(0, MAGIC.length), MAGIC) && bytes.length <= MAX_STATIC_BACKUP_BYTES
  if (!isOne || bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_LENGTH) return err({ code: 'channel-backup-invalid' })
  if (head[MAGIC.length] !== VERSION) return err({ code: 'channel-backup-too-new' })
  const sealed = bytes.subarray(HEAD_BYTES + NONCE_BYTES)
  const plain = open(key, bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES), head, sealed)
  if (plain === undefined) return err({ code: 'channel-backup-foreign' })
  const backup = decodeWith(codec, plain)
  if (!backup.ok) return err({ code: 'channel-backup-invalid' })
  const { padding: _, ...whole } = backup.value
  return equalBytes(whole.chainHash, chainHash) ? ok(whole) : err({ code: 'channel-backup-foreign' })
}

/** BOLT 1, peer storage: what a peer keeps, and the size that tells it nothing. */
const BLOB_BYTES = 65_531

const byCapacity = (a: StaticChannel, b: StaticChannel): number => Number(b.fundingAmount) - Number(a.fundingAmount)

/**
 * The backup for a peer to keep. If there are more channels than it holds, those of the least capacity are left out, and then peers are where
 * they can be found by other means.
 */
export const sealBlob = (key: Uint8Array, rng: Rng, backup: StaticBackup): Uint8Array => {
  const peersById = new Map(backup.peers.map((peer) => [toHex(peer.nodeId), peer]))
  const peers = new Set<StaticPeer>()
  const channels: StaticChannel[] = []
  let left = BLOB_BYTES - HEAD_BYTES - NONCE_BYTES - TAG_LENGTH
  left -= encodeWith(codec, { ...backup, peers: [], channels: [], padding: EMPTY }).length
  // One after the other, and each once: there may be thousands.
  for (const channel of backup.channels.toSorted(byCapacity)) {
    const peer = peersById.get(toHex(channel.remoteNodeId))
    const isNew = peer !== undefined && !peers.has(peer)
    const bytes = encodeWith(staticChannelCodec, channel).length + (isNew ? encodeWith(staticPeer, peer).length : 0)
    if (bytes > left) break
    left -= bytes
    channels.push(channel)
    if (isNew) peers.add(peer)
  }
  return sealStaticBackup(key, rng, { ...backup, peers: [...peers], channels }, new Uint8Array(left))
}
