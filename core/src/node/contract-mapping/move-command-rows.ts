import { keyAfter, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { commandRowKey } from '../storage/command-key.ts'
import type { RowsMoved } from '../storage/rows-moved.ts'
import { readCommand, type StoredCommand, writeCommand } from '../storage/stored-command.ts'
import { TABLE } from '../storage/tables.ts'
import { placeRowKey } from './passing-keys.ts'

const PAGE = 1_000

interface Passing {
  readonly key: string
  readonly stored: StoredCommand
  readonly asker: string
  readonly turn: number
}

/**
 * Moves the commands that an earlier version has stored in one table, a thousand rows to a commit; those that are forgotten in time come
 * last, in one commit. If the node ends meanwhile, it continues at its next start: moved rows are gone from the old table.
 */
export const moveCommandRows = async (store: Store, told: RowsMoved): Promise<void> => {
  const passing: Passing[] = []
  let from: Uint8Array = new Uint8Array(0)
  for (;;) {
    const before = passing.length
    const rows = await store.scan(TABLE.commandKey, { from, limit: PAGE })
    const writes = rows.flatMap((row): readonly Write[] => {
      const key = utf8Decode(row.key)
      const { place, ...stored } = readCommand(row.value)
      if (place === undefined) return moved(row.key, TABLE.command, commandRowKey(key), stored)
      passing.push({ key, stored, asker: place.asker, turn: place.turn })
      return []
    })
    if (writes.length > 0) {
      store.submit(writes)
      await store.flush()
      told(rows.length - (passing.length - before))
    }
    const last = rows.at(-1)
    if (last === undefined) break
    from = keyAfter(last.key)
  }
  if (passing.length === 0) return
  // Turns were counted over all askers, and are counted for each now.
  const turns = new Map<string, number>()
  const writes = passing
    .toSorted((a, b) => a.turn - b.turn)
    .flatMap(({ key, stored, asker }) => {
      const turn = turns.get(asker) ?? 0
      turns.set(asker, turn + 1)
      const place = { asker, turn, key }
      return moved(utf8Encode(key), TABLE.passingCommand, placeRowKey(place), { ...stored, place })
    })
  store.submit(writes)
  await store.flush()
  told(passing.length)
}

const moved = (from: Uint8Array, table: string, key: Uint8Array, stored: StoredCommand): readonly Write[] => [
  { table: TABLE.commandKey, key: from, value: undefined },
  { table, key, value: writeCommand(stored) },
]
