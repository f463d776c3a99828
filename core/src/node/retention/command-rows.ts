import { EMPTY, keyAfter, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Store, Write } from '../../store/store.ts'
import { COMMANDS_END, commandsFrom, rowOfPlace } from '../storage/command-key.ts'
import { readCommand } from '../storage/stored-command.ts'
import { TABLE } from '../storage/tables.ts'
import { countListed } from './listed-rows.ts'
import type { RetainedRows } from './retained-rows.ts'

/** Whoever listed it, the row says whether it may go; one that cannot be read stays. */
const mayGo = (row: Uint8Array | undefined): boolean => {
  try {
    return row !== undefined && readCommand(row).stays !== true
  } catch {
    return false
  }
}

/**
 * The answers to commands that spend, under their keys. They are not an account of anything: payments, transactions and channels have rows
 * of their own. Nobody changes one that is so old.
 */
export const commandRows = ({ store, clock }: { readonly store: Store; readonly clock: Clock }): RetainedRows => ({
  class: 'keyed-commands',
  isArchived: false,
  async look(before, from = commandsFrom(0), limit) {
    const places = await store.sizes(TABLE.commandByTime, { from, to: commandsFrom(before), limit })
    const last = places.at(-1)
    return {
      due: places.map(({ key }) => ({ id: '', key, value: EMPTY })),
      unreadable: 0,
      ...(last === undefined || places.length < limit ? {} : { next: keyAfter(last.key) }),
    }
  },
  async remove(rows) {
    const keys = rows.map(({ key }) => rowOfPlace(key))
    const stored = await store.getAll(TABLE.command, keys)
    // A command may be listed more than once.
    const gone = new Map(keys.flatMap((key, at) => (mayGo(stored[at]) ? [[toHex(key), { key, row: stored[at] }]] : [])))
    const writes: Write[] = rows.map(({ key }) => ({ table: TABLE.commandByTime, key, value: undefined }))
    const removed = { rows: gone.size, bytes: 0 }
    for (const { key, row } of gone.values()) {
      removed.bytes += key.length + (row?.length ?? 0)
      writes.push({ table: TABLE.command, key, value: undefined })
    }
    return new Promise((resolve) => store.submit(writes, () => resolve(removed)))
  },
  count: (before) =>
    countListed(store, clock, {
      index: TABLE.commandByTime,
      from: commandsFrom(0),
      to: before === undefined ? COMMANDS_END : commandsFrom(before),
      table: TABLE.command,
    }),
})
