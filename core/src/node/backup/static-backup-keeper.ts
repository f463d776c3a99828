import { isFunded, type StaticChannel, staticChannelOf } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { ChannelId, NodeId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import { systemReason } from '../../lib/system-reason.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { NodeLog } from '../node-log.ts'
import { replaceFile } from './replace-file.ts'
import { type StaticBackup, sealBlob, sealStaticBackup } from './static-backup.ts'

/** Where static backups are kept. */
export interface StaticBackupPlaces {
  /** Beside the database: what may put money into a channel waits for it. */
  readonly own: string
  /** Where the operator wants it as well. No channel waits for long for a place that is away. */
  readonly other?: string
}

export interface StaticBackupKeeperOptions {
  /** Nowhere if absent: then nothing waits. */
  readonly places: StaticBackupPlaces | undefined
  readonly key: Uint8Array
  readonly chainHash: Uint8Array
  readonly clock: Clock
  readonly rng: Rng
  readonly log: NodeLog
  readonly channelDirectory: ChannelDirectory
  /** `host:port`, the likeliest first. */
  addressesOf(nodeId: NodeId): readonly string[]
  /** A channel came or went: what peers keep is outdated. */
  onRenewed(): void
}

const RETRY_MS = 10_000
const PATIENCE_MS = 5_000

/**
 * Keeps a static backup of all channels that are not over: a new one whenever a channel came or went. What may put money into a channel waits
 * until that channel is in it (`whenKept`), and what the channel releases later goes after that (`inOrder`).
 */
export class StaticBackupKeeper {
  readonly #options: StaticBackupKeeperOptions
  /** By channel id. */
  readonly #channels = new Map<string, StaticChannel>()
  readonly #idsOfRefs = new Map<unknown, string>()
  readonly #open = new Set<unknown>()
  /** Those that no backup on the disk holds. */
  readonly #unkept = new Set<string>()
  /** What waits, by channel id and in order: never an empty list. */
  readonly #waiting = new Map<string, (() => void)[]>()
  /** Those of the backup that was on the disk at the start, until the database has told of them. */
  readonly #keptBefore: ReadonlySet<string>
  #isOutdated = false
  #isOtherOutdated = false
  #isOtherBusy = false
  #writing: Promise<void> | undefined
  #cancelRetry: CancelTimer | undefined
  #isStarted = false
  #isStopped = false
  #lastMadeAt: bigint
  #blob: Uint8Array | undefined
  #failure: string | undefined
  #otherFailure: string | undefined

  /** `onDisk`: the backup that is at our own place. */
  constructor(options: StaticBackupKeeperOptions, onDisk?: StaticBackup) {
    this.#options = options
    this.#lastMadeAt = onDisk?.madeAt ?? 0n
    this.#keptBefore = new Set(onDisk?.channels.map(({ channelId }) => toHex(channelId)))
    options.channelDirectory.follow((ref, now) => {
      const known = this.#idsOfRefs.get(ref)
      const durable = now?.state.durable
      if (durable !== undefined && isFunded(durable)) {
        // From then on its peer has a channel with us as well, and keeps what it is given.
        if (durable.remoteReady && !this.#open.has(ref)) {
          this.#open.add(ref)
          if (this.#isStarted) options.onRenewed()
        }
        if (known !== undefined) return
        const id = toHex(durable.params.channelId)
        this.#idsOfRefs.set(ref, id)
        this.#channels.set(id, staticChannelOf(durable))
        if (this.#isStarted || !this.#keptBefore.has(id)) this.#unkept.add(id)
      } else {
        if (known === undefined) return
        this.#idsOfRefs.delete(ref)
        this.#open.delete(ref)
        this.#channels.delete(known)
        // It will be in no backup: what it has waiting is told that it is over by what comes behind.
        if (this.#unkept.delete(known)) queueMicrotask(() => this.#release())
      }
      this.#outdate()
    })
  }

  /** From now on backups are written. Until then the channels of the database come, one by one. */
  start(): void {
    this.#isStarted = true
    this.#outdate()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelRetry?.()
    await this.#writing
  }

  /** Acts at once if the channel is in a backup that is on the disk and has nothing waiting, otherwise then; in the order of the calls. */
  whenKept(channelId: ChannelId, act: () => void): void {
    const id = toHex(channelId)
    if (this.#options.places === undefined || !this.#unkept.has(id) || this.#waiting.has(id))
      this.inOrder(channelId, act)
    else this.#waiting.set(id, [act])
  }

  /** Acts once nothing of the channel waits any more that was released before. */
  inOrder(channelId: ChannelId, act: () => void): void {
    const before = this.#waiting.size === 0 ? undefined : this.#waiting.get(toHex(channelId))
    if (before === undefined) act()
    else before.push(act)
  }

  /** What the operator should do something about. */
  warnings(): readonly string[] {
    const { own, other } = this.#options.places ?? {}
    return [
      ...(this.#failure === undefined
        ? []
        : [`no channel can be opened: its static backup cannot be written to ${own}: ${this.#failure}`]),
      ...(this.#otherFailure === undefined || other === undefined
        ? []
        : [
            `the static backup of the channels cannot be written to ${other}: ${this.#otherFailure}. It is tried again and again`,
          ]),
    ]
  }

  /** The backup of this moment, sealed. */
  sealed(): Uint8Array {
    const { key, rng } = this.#options
    return sealStaticBackup(key, rng, this.#backup())
  }

  /** For a peer to keep; nothing where there is nothing to bring back. */
  blob(): Uint8Array | undefined {
    if (this.#channels.size === 0) return undefined
    const { key, rng } = this.#options
    this.#blob ??= sealBlob(key, rng, this.#backup())
    return this.#blob
  }

  get size(): number {
    return this.#channels.size
  }

  #backup(): StaticBackup {
    const { chainHash, clock, addressesOf } = this.#options
    const now = BigInt(clock.now())
    this.#lastMadeAt = now > this.#lastMadeAt ? now : this.#lastMadeAt + 1n
    const channels = [...this.#channels.values()]
    const nodes = new Map(channels.map(({ remoteNodeId }) => [toHex(remoteNodeId), remoteNodeId]))
    const peers = Array.from(nodes.values(), (nodeId) => ({ nodeId, addresses: addressesOf(nodeId) }))
    return { chainHash, madeAt: this.#lastMadeAt, peers, channels }
  }

  #outdate(): void {
    this.#isOutdated = true
    this.#blob = undefined
    if (this.#isStarted) this.#options.onRenewed()
    this.#isOtherOutdated = this.#options.places?.other !== undefined
    this.#write()
  }

  #write(): void {
    const { places } = this.#options
    if (places === undefined || !this.#isStarted || this.#isStopped || this.#writing !== undefined) return
    this.#cancelRetry?.()
    this.#writing = this.#writeAll(places).finally(() => {
      this.#writing = undefined
      if (this.#failure !== undefined) return this.#retry()
      // A channel has come meanwhile, and this backup lacks it.
      if (this.#isOutdated) this.#write()
      else if (this.#isOtherOutdated) this.#retry()
      this.#release()
    })
  }

  #release(): void {
    for (const [id, acts] of this.#waiting) {
      if (this.#unkept.has(id)) continue
      // What one of them adds is behind the others.
      for (let act = acts.shift(); act !== undefined; act = acts.shift()) act()
      this.#waiting.delete(id)
    }
  }

  async #writeAll(places: StaticBackupPlaces): Promise<void> {
    this.#isOutdated = false
    const held = [...this.#channels.keys()]
    const bytes = this.sealed()
    const [failure] = await Promise.all([this.#replace(places.own, bytes), this.#replaceOther(places, bytes)])
    this.#failure = failure
    if (failure !== undefined) this.#isOutdated = true
    else for (const id of held) this.#unkept.delete(id)
  }

  /** A place that fails, or does not answer, is waited for no longer than that. */
  async #replaceOther({ other }: StaticBackupPlaces, bytes: Uint8Array): Promise<void> {
    const { clock } = this.#options
    if (other === undefined || !this.#isOtherOutdated || this.#isOtherBusy) return
    this.#isOtherBusy = true
    this.#isOtherOutdated = false
    const patience = Promise.withResolvers<void>()
    const cancel = clock.setTimer(PATIENCE_MS, () => {
      this.#otherFailure ??= 'it does not answer'
      patience.resolve()
    })
    const replaced = this.#replace(other, bytes).then((failure) => {
      this.#isOtherBusy = false
      this.#otherFailure = failure
      if (failure !== undefined) this.#isOtherOutdated = true
    })
    await Promise.race([replaced, patience.promise])
    cancel()
  }

  async #replace(path: string, bytes: Uint8Array): Promise<string | undefined> {
    try {
      await replaceFile(path, bytes)
      return undefined
    } catch (error) {
      const reason = systemReason(error)
      this.#options.log.error('channel-backup.failed', { path, reason })
      return reason
    }
  }

  #retry(): void {
    if (this.#isStopped) return
    this.#cancelRetry = this.#options.clock.setTimer(RETRY_MS, () => this.#write())
  }
}
