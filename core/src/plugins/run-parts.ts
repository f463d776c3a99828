import type { ContractError, Cursor } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Clock } from '../lib/clock.ts'
import type { Rng } from '../lib/rng.ts'
import type { TokenBucket } from '../lib/token-bucket.ts'
import { workedFor } from '../lib/worked-for.ts'
import type { EventLogPort, PluginGateway } from '../node/contract-gateway.ts'
import { RunAccount } from './account.ts'
import { AskDesk } from './ask-desk.ts'
import { AuditTrail } from './audit-trail.ts'
import type { Budgets } from './budgets.ts'
import type { CellProcess } from './cell-process.ts'
import type { CellFault } from './cell-protocol.ts'
import { DurableWork } from './durable-work.ts'
import { EventFilters } from './event-filters.ts'
import type { HostStore } from './host-store.ts'
import { Inbox } from './inbox.ts'
import { LiveEvents } from './live-events.ts'
import { OutboxWork } from './outbox-work.ts'
import type { PluginBook } from './plugin-book.ts'
import type { PluginLog } from './plugin-log.ts'
import { ProcessorShare } from './processor-share.ts'
import { Questions } from './questions.ts'
import { Subscriptions } from './subscriptions.ts'
import { TurnFeeder } from './turn-feeder.ts'
import { WriteQueue } from './write-queue.ts'

export interface PluginRunOptions {
  readonly manifest: Manifest
  readonly config: Readonly<Record<string, unknown>>
  readonly installCursor: Cursor
  readonly gateway: PluginGateway
  readonly store: HostStore
  readonly clock: Clock
  readonly rng: Rng
  readonly log: PluginLog
  readonly book: PluginBook
  readonly budgets: Budgets
  readonly cell: CellProcess
  /** What all plugins together may use. */
  readonly totalCpu: TokenBucket
  /** Replaces places in the bundle by places in the author's source, in a text that may hold a stack. */
  readonly words: (text: string) => string
  /** Called before the core does anything for the plugin. */
  readonly serving: () => void
  readonly listener: RunListener
}

interface RunListener {
  /** The plugin's setup is done, and everything that it registered is granted. */
  started(): void
  /** A counted fault that does not end the run. */
  faulted(text: string): void
  refused(operation: string, error: ContractError): void
  /** The plugin has reached one of its limits. */
  warned(code: string, text: string): void
  ended(fault: CellFault): void
}

/** The run that the parts are of. */
interface RunOwner {
  readonly isRunning: () => boolean
  /** Makes a step that a timer or an event begins: an exception in it ends the run. */
  readonly guarded: (step: () => void) => void
  readonly end: (fault: CellFault) => void
  readonly storeFailed: (thrown: unknown) => void
}

export interface RunParts {
  readonly account: RunAccount
  readonly work: DurableWork
  readonly share: ProcessorShare
  readonly subscriptions: Subscriptions
  readonly live: LiveEvents
  readonly questions: Questions
  readonly feeder: TurnFeeder
  readonly outboxWork: OutboxWork
}

/** What one run of a plugin is made of, joined: what waits for the plugin, and what becomes of what it asks. */
export const runParts = (options: PluginRunOptions, owner: RunOwner): RunParts => {
  const { manifest, clock, budgets, store, log, book, gateway, listener, cell } = options
  // Listeners of events are guarded too: they are called from wherever the event happened.
  const events: EventLogPort = {
    head: () => gateway.events.head(),
    replay: (...query) =>
      workedFor(
        (coreMs) => share.charge(coreMs),
        () => gateway.events.replay(...query),
      ),
    subscribe: (filter, listener) => gateway.events.subscribe(filter, (event) => owner.guarded(() => listener(event))),
  }
  const run = new RunAccount(book.account)
  const inbox = new Inbox(run)
  const onAvailable = (): void => feeder.schedule()
  const reply = (id: number, value: unknown): void => {
    inbox.reply(id, value)
    onAvailable()
  }
  const done = (id: number, value: unknown): void => {
    inbox.done(id, value)
    onAvailable()
  }
  const refuse = (id: number, error: ContractError): void => {
    inbox.refusal(id, error)
    onAvailable()
  }
  const queue = new WriteQueue({
    store,
    account: run,
    onRoom: () => feeder.feed(),
    onError: (thrown) => owner.storeFailed(thrown),
  })
  const noteOnDisk = (): void => {
    book.account.onDisk('audit', book.audit.bytes)
    book.account.onDisk('made', budgets.keptBytes)
  }
  noteOnDisk()
  const audit = new AuditTrail({
    manifest,
    rows: book.audit,
    put: (rows) => {
      queue.put(rows)
      noteOnDisk()
    },
    full: (kind) =>
      log.host('warn', `audit-full: the oldest entries of kind ${kind} are deleted to make room for new ones`),
  })
  const share = new ProcessorShare({
    clock,
    cpuShare: manifest.limits.cpuShare,
    total: options.totalCpu,
    warned: (code, text) => listener.warned(code, text),
    resume: () => owner.guarded(() => feeder.feed()),
  })
  const desk = new AskDesk({
    manifest,
    gateway,
    budgets,
    audit,
    clock,
    reply,
    done,
    refuse,
    refused: (operation, error) => listener.refused(operation, error),
    charge: (coreMs) => share.charge(coreMs),
  })
  const questions = new Questions({
    manifest,
    inbox,
    audit,
    refused: (hook, error) => listener.refused(hook, error),
  })
  const { installCursor } = options
  const heard = {
    manifest,
    events,
    filters: new EventFilters(manifest),
    charged: <T>(step: () => T): T => share.charged(step),
    log,
    onAvailable,
  }
  const subscriptions = new Subscriptions({ ...heard, store, account: run, installCursor })
  const live = new LiveEvents({ ...heard, inbox })
  const work = new DurableWork({
    manifest,
    store,
    account: book.account,
    run,
    queue,
    subscriptions,
    log,
    begin: () => desk.begin(),
    finish: () => desk.finish(),
    reply,
    done,
    refuse,
    isUnkept: (label) => inbox.isUnkept(label),
    unkept: (label, error) => {
      inbox.unkept(label, error)
      onAvailable()
    },
    faulted: (text) => listener.faulted(text),
    words: options.words,
    end: (fault) => (fault.code === 'store-failed' ? owner.end(fault) : cell.end(fault)),
  })
  const feeder = new TurnFeeder({
    clock,
    rng: options.rng,
    cell,
    inbox,
    queue,
    share,
    subscriptions,
    questions,
    queueEvents: manifest.limits.queueEvents,
    serving: options.serving,
    isRunning: owner.isRunning,
    guarded: (step) => owner.guarded(step),
  })
  const outboxWork = new OutboxWork({
    charge: (coreMs) => share.charge(coreMs),
    account: run,
    desk,
    work,
    questions,
    isEnded: () => cell.phase === 'ended',
    refuse,
    storeFailed: (thrown) => owner.storeFailed(thrown),
  })
  return { account: run, work, share, subscriptions, live, questions, feeder, outboxWork }
}
