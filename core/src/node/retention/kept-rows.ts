import type { ActorRef } from '../../actor/types.ts'
import type { Clock } from '../../lib/clock.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { InvoiceRecord } from '../../payment/receive/invoice-record.ts'
import type { SentPayment } from '../../payment/send/payment.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { EventLog } from '../events/event-log.ts'
import { EVENT_CLASSES } from '../events/event-row.ts'
import type { NodeLog } from '../node-log.ts'
import type { PaymentsProtocol } from '../payment/payments-actor.ts'
import type { ReceiverProtocol } from '../payment/receiver-actor.ts'
import { Archive, type ArchiveDisk } from './archive.ts'
import { closedChannelRows } from './channel-rows.ts'
import { commandRows } from './command-rows.ts'
import { eventRows } from './event-rows.ts'
import { invoiceRows } from './invoice-rows.ts'
import type { KeptTimes } from './kept-times.ts'
import { paymentRows } from './payment-rows.ts'
import { RETENTION_TIMES, Retention, type RetentionTimes } from './retention.ts'
import { Surveyor } from './survey.ts'

/** What the operator says of it. */
export interface RetentionChoices {
  readonly kept: KeptTimes
  /** The folder of the archive. */
  readonly archive: string
  readonly disk?: ArchiveDisk
  readonly times?: RetentionTimes
}

export interface KeptRowsOptions {
  readonly choices: RetentionChoices
  readonly store: Store
  readonly clock: Clock
  readonly events: EventLog
  readonly log: NodeLog
  readonly channelDirectory: ChannelDirectory
  readonly payments: ActorRef<PaymentsProtocol>
  readonly receiver: ActorRef<ReceiverProtocol>
  readonly height: () => BlockHeight
  /** What the archive keeps of a row, in the contract's form. */
  readonly describe: {
    readonly payment: (payment: SentPayment) => object
    readonly invoice: (invoice: InvoiceRecord) => object
  }
}

/** All that is kept of what has ended, and how it goes. */
export class KeptRows {
  readonly #retention: Retention
  readonly #surveyor: Surveyor

  private constructor(retention: Retention, surveyor: Surveyor) {
    this.#retention = retention
    this.#surveyor = surveyor
  }

  static async open(options: KeptRowsOptions): Promise<KeptRows> {
    const { store, clock, events, log, choices, describe } = options
    const { kept, archive: path, disk, times = RETENTION_TIMES } = choices
    const archive = new Archive({ path, clock, ...(disk === undefined ? {} : { disk }) })
    const rows = [
      ...(['settled', 'failed'] as const).map((status) =>
        paymentRows(status, { ...options, describe: describe.payment }),
      ),
      ...(['paid', 'expired'] as const).map((status) =>
        invoiceRows(status, { ...options, describe: describe.invoice }),
      ),
      closedChannelRows(options),
      commandRows(options),
      ...EVENT_CLASSES.map((kind) => eventRows(kind, options)),
    ]
    const retention = await Retention.open({ store, clock, events, log, kept, archive, rows, times })
    return new KeptRows(retention, new Surveyor({ store, clock, retention, archive, rows }))
  }

  start(): void {
    this.#retention.start()
  }

  stop(): Promise<void> {
    return this.#retention.stop()
  }

  survey() {
    return this.#surveyor.ask()
  }

  /** What the operator should know of it at once. */
  warnings(): readonly string[] {
    const { failure, unreadable } = this.#retention
    const actsAt = this.#retention.actsAt()
    return [
      ...(failure === undefined
        ? []
        : [
            `nothing is removed any more, as the archive cannot be written: ${failure}. To do: see fulgurite retention`,
          ]),
      ...(unreadable === 0
        ? []
        : [`${unreadable} old rows cannot be read, and stay: the log says of which classes, as retention.unreadable`]),
      ...(actsAt === undefined
        ? []
        : [`rows are removed from ${new Date(actsAt).toISOString()} on: fulgurite retention says which`]),
    ]
  }
}
