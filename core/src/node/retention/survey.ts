import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { EMPTY } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'
import type { Archive } from './archive.ts'
import { countRange } from './count-rows.ts'
import { countInvoices } from './invoice-rows.ts'
import { countPending } from './payment-rows.ts'
import { type Counted, NOTHING, type RetainedRows } from './retained-rows.ts'
import type { Retention } from './retention.ts'

type Survey = Omit<ReplyOf<'node', 'retention'>, 'asOf'>
type Item = Survey['items'][number]

export interface SurveyOptions {
  readonly store: Store
  readonly clock: Clock
  readonly retention: Retention
  readonly archive: Archive
  readonly rows: readonly RetainedRows[]
}

/** Reports what is kept, and what is due. All who ask while it counts get the same count. */
export class Surveyor {
  readonly #options: SurveyOptions
  #counting: Promise<Survey> | undefined

  constructor(options: SurveyOptions) {
    this.#options = options
  }

  ask(): Promise<Survey> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined
    })
    return this.#counting
  }

  async #count(): Promise<Survey> {
    const { store, clock, retention, archive, rows } = this.#options
    const items: Item[] = []
    for (const each of rows) {
      const keptMs = retention.kept[each.class]
      const all = await each.count()
      const due = keptMs === undefined ? NOTHING : await each.count(clock.now() - keptMs)
      items.push({
        class: each.class,
        kept: keptMs === undefined ? 'for-ever' : 'for-a-time',
        ...(keptMs === undefined ? {} : { keptSeconds: keptMs / 1_000 }),
        ...all,
        dueRows: due.rows,
        dueBytes: due.bytes,
        archived: each.isArchived,
      })
    }
    const actsAt = retention.actsAt()
    const { failure } = retention
    const held = await archive.holds()
    return {
      items: [
        ...items,
        needed('pending-payments', await countPending(store, clock)),
        needed('open-invoices', await countInvoices(store, clock, 'open')),
        needed('past-htlcs', await countRange(store, clock, TABLE.pastHtlc, { from: EMPTY })),
      ],
      ...(actsAt === undefined ? {} : { actsAt }),
      archive: { path: archive.path, ...held, ...(failure === undefined ? {} : { failure }) },
    }
  }
}

const needed = (kind: Item['class'], counted: Counted): Item => ({
  class: kind,
  kept: 'while-needed',
  ...counted,
  dueRows: 0,
  dueBytes: 0,
  archived: false,
})
