import { EMPTY, keyAfter } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import { COMMANDS_END, commandsFrom, rowOfPlace } from '../storage/command-key.ts'
import { TABLE } from '../storage/tables.ts'
import { countListed } from './listed-rows.ts'
import type { RetainedRows } from './retained-rows.ts'

/**
 * The answers to commands that spend, under their keys. They are not an account of anything: payments, transactions and channels have rows
 * of their own. An outcome is written once, so nobody can be changing it while it is removed.
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
    const removed = await store.weigh(TABLE.command, keys)
    const writes = rows.flatMap(({ key }) => [
      { table: TABLE.commandByTime, key, value: undefined },
      { table: TABLE.command, key: rowOfPlace(key), value: undefined },
    ])
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
