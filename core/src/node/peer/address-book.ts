import { toHex, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'
import { formatAddress, parseAddress, type SocketAddress } from './socket-address.ts'

/** Where a peer listens, as the operator says. */
export interface ConfiguredPeer {
  readonly nodeId: NodeId
  readonly address: SocketAddress
}

export interface AddressBookOptions {
  readonly store: Store
  readonly clock: Clock
  readonly configured: readonly ConfiguredPeer[]
}

interface Entry {
  readonly address: SocketAddress
  /** When it last led to the peer; 0 for a guess that was never proven. */
  readonly reachedAt: TimestampMs
}

/** BOLT 1: where a node listens if nothing else is said. */
const DEFAULT_PORT = 9735
/** What is kept of one peer: so many addresses that led to it, and so many hosts that it called from, the last of each. */
const KEPT = 4

/**
 * Where peers can be dialled: addresses that have led to them, the last first, then the operator's, then guesses. A peer that called us
 * used a port of its own choosing, and may well listen at the usual port of the same host; only a partner's host is kept, since anyone can
 * call.
 */
export class AddressBook {
  readonly #options: AddressBookOptions
  readonly #entries = new Map<string, readonly Entry[]>()
  readonly #turns = new Map<string, number>()

  constructor(options: AddressBookOptions) {
    this.#options = options
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#options.store.scan(TABLE.peer)) {
      this.#entries.set(toHex(key), decode(utf8Decode(value)))
    }
  }

  /** In the order in which to try them. */
  known(nodeId: NodeId): readonly SocketAddress[] {
    const entries = this.#entries.get(toHex(nodeId)) ?? []
    // Of the guesses only the newest is worth a call.
    const all = [...entries.filter(isProven), ...this.#configured(nodeId), ...entries.filter(isGuess).slice(0, 1)]
    const addresses = all.map(({ address }) => address)
    return addresses.filter((address, i) => addresses.findIndex((other) => isSame(other, address)) === i)
  }

  /** Where the node may call from, the likeliest last: where the operator says that it is, then where it was last. */
  hosts(nodeId: NodeId): readonly string[] {
    const entries = this.#entries.get(toHex(nodeId)) ?? []
    return [...this.#configured(nodeId), ...entries].map(({ address }) => address.host).toReversed()
  }

  /** The index of the next address to try. */
  next(nodeId: NodeId): SocketAddress | undefined {
    const known = this.known(nodeId)
    return known[(this.#turns.get(toHex(nodeId)) ?? 0) % known.length]
  }

  /** The address that was tried did not lead to the peer. */
  missed(nodeId: NodeId): void {
    this.#turns.set(toHex(nodeId), (this.#turns.get(toHex(nodeId)) ?? 0) + 1)
  }

  /** The address led to the peer. */
  reached(nodeId: NodeId, address: SocketAddress): void {
    this.#turns.delete(toHex(nodeId))
    this.#put(nodeId, { address, reachedAt: this.#options.clock.now() })
  }

  /** A backup says that the address led to the peer. */
  recalled(nodeId: NodeId, address: SocketAddress): void {
    const entries = this.#entries.get(toHex(nodeId)) ?? []
    if (!entries.some((entry) => isSame(entry.address, address))) this.#put(nodeId, { address, reachedAt: 1 })
  }

  /** A partner called from this host. */
  calledFrom(nodeId: NodeId, host: string): void {
    if (host === '') return
    const address = { host, port: DEFAULT_PORT }
    const entries = this.#entries.get(toHex(nodeId)) ?? []
    const newest = entries.find(isGuess)
    if (entries.some((entry) => isSame(entry.address, address) && (isProven(entry) || entry === newest))) return
    this.#put(nodeId, { address, reachedAt: 0 })
  }

  #configured(nodeId: NodeId): readonly ConfiguredPeer[] {
    return this.#options.configured.filter((peer) => toHex(peer.nodeId) === toHex(nodeId))
  }

  #put(nodeId: NodeId, entry: Entry): void {
    const key = toHex(nodeId)
    const others = (this.#entries.get(key) ?? []).filter(({ address }) => !isSame(address, entry.address))
    // The newest of each kind comes first.
    const all = [entry, ...others].toSorted((a, b) => b.reachedAt - a.reachedAt)
    const entries = [...all.filter(isProven).slice(0, KEPT), ...all.filter(isGuess).slice(0, KEPT)]
    this.#entries.set(key, entries)
    this.#options.store.submit([{ table: TABLE.peer, key: nodeId, value: utf8Encode(encode(entries)) }])
  }
}

const isProven = ({ reachedAt }: Entry): boolean => reachedAt > 0

const isGuess = (entry: Entry): boolean => !isProven(entry)

const isSame = (a: SocketAddress, b: SocketAddress): boolean => a.host === b.host && a.port === b.port

/** One line each: the address, and when it last led to the peer. */
const encode = (entries: readonly Entry[]): string =>
  entries.map(({ address, reachedAt }) => `${formatAddress(address)} ${reachedAt}`).join('\n')

/** Also reads what an earlier version wrote: one address alone, which has led to the peer. */
const decode = (text: string): readonly Entry[] =>
  text.split('\n').flatMap((line) => {
    const [words = '', reachedAt = '1'] = line.split(' ')
    const address = parseAddress(words)
    return address === undefined ? [] : [{ address, reachedAt: Number(reachedAt) }]
  })
