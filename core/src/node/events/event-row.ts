import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type EventClass, type EventName, events as eventDefinitions } from '@fulgurite/plugin-sdk/contract'
import { concat, u64be, utf8Decode } from '../../lib/bytes.ts'
import { readJson } from '../../lib/json.ts'
import type { Row } from '../../store/store.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import { EVENT_DICTIONARY } from './event-dictionary.ts'

/** In the order of their bytes in keys, which never changes. */
export const EVENT_CLASSES: readonly EventClass[] = ['money', 'channel', 'network', 'plugin', 'node']

export const classOf = (name: EventName): EventClass => eventDefinitions[name].class

/** The classes of these names; a name that we do not know, from a reader of another version, has none. */
export const classesOf = (names: readonly string[]): readonly EventClass[] => [
  ...new Set(names.filter((name) => Object.hasOwn(eventDefinitions, name)).map((name) => classOf(name as EventName))),
]

/** Where an event of the class with this sequence number is, or would be. */
export const rowKey = (kind: EventClass, sequence: number): Uint8Array =>
  concat(Uint8Array.of(EVENT_CLASSES.indexOf(kind)), u64be(BigInt(sequence)))

/** Past every event of the class. */
export const endOfClass = (kind: EventClass): Uint8Array => Uint8Array.of(EVENT_CLASSES.indexOf(kind) + 1)

/** Of a row of either table: a class may stand before the number. */
export const sequenceOf = ({ key }: Pick<Row, 'key'>): number =>
  Number(new DataView(key.buffer, key.byteOffset + key.length - 8, 8).getBigUint64(0))

/** The first byte of a text that is deflated with the dictionary; a plain text begins with a brace. */
const DEFLATED = 1
/** The same, followed by a byte that most other names do not have: a search for few names skips the others unread. */
const MARKED = 2

/** FNV-1a, folded to a byte. */
const markOf = (name: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff
}

/**
 * An event is about 1 kB, of which 400 bytes are stored. By default zlib takes a buffer of 16 kB for each, which stays until garbage is
 * collected, and clears a window of 32 kB and tables of that size: this costs more than the compression itself.
 */
const SMALL = { dictionary: EVENT_DICTIONARY, chunkSize: 1_024 }
const SMALL_WINDOW = { ...SMALL, windowBits: 13, memLevel: 5 }

/** The stored form of an event's text: ids in hex and names that come again and again shrink to a third of it. */
export const encodeText = (name: EventName, text: string): Uint8Array =>
  concat(Uint8Array.of(MARKED, markOf(name)), deflateRawSync(text, SMALL_WINDOW))

const decodeText = (value: Uint8Array): string | undefined => {
  const at = value[0] === MARKED ? 2 : value[0] === DEFLATED ? 1 : 0
  try {
    return at === 0 ? utf8Decode(value) : inflateRawSync(value.subarray(at), SMALL).toString()
  } catch {
    return undefined
  }
}

const NAMES_BY_MARK = Map.groupBy(Object.keys(eventDefinitions) as EventName[], markOf)

/** The name of a row's event; if the mark tells it, the text is not read. None if the row cannot be read. */
export const nameOfRow = (row: Row): EventName | undefined => {
  const [name, other] = row.value[0] === MARKED ? (NAMES_BY_MARK.get(row.value[1] as number) ?? []) : []
  return name !== undefined && other === undefined ? name : readEventRow(row)?.name
}

/** Returns a function that tells whether a row may have one of the names; without names, it may have any. */
export const mayBeOf = (names: readonly string[] | undefined): ((row: Row) => boolean) => {
  const marks = new Set(names?.map(markOf))
  return ({ value }) => names === undefined || value[0] !== MARKED || marks.has(value[1] as number)
}

/** Of an event: deeper than that is none of ours. */
const DEPTH = 32

// The head of the envelope that `encodeEvent` writes.
const ENVELOPE = /^\{"cursor":"([^"]+)","at":(\d+),"type":"([^"]+)","version":(\d+),/

/** The content of a row, or nothing if it was damaged: one event that cannot be read keeps no other from being read. */
export const readEventRow = (row: Row): EncodedEvent | undefined => {
  const text = decodeText(row.value)
  const match = text === undefined || !readJson(text, DEPTH).ok ? null : ENVELOPE.exec(text)
  if (text === undefined || match === null) return undefined
  const [, cursor = '', at, name, version] = match
  return { cursor, sequence: sequenceOf(row), name: name as EventName, version: Number(version), at: Number(at), text }
}
