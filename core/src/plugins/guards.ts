import { type HookAnswer, type HookName, type HookRequest, hooks } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import type { HookResponder } from '../node/contract-gateway.ts'
import { type Asked, askAll } from './ask-all.ts'
import { matchesFilter } from './field-filter.ts'
import { guardOf } from './guard-grant.ts'
import type { InstallRecord } from './install-record.ts'
import type { Hold } from './plugin-status.ts'
import { hookAnswer } from './questions.ts'
import type { RunningPlugins } from './running-plugins.ts'

export interface GuardsOptions {
  readonly roster: { readonly records: readonly InstallRecord[] }
  readonly running: RunningPlugins
  readonly held: () => Hold | undefined
  readonly clock: Clock
}

/**
 * Stands for the plugins that a damaged lock file would have named: nobody knows which guards there are, so every question counts as
 * guarded, and is refused.
 */
const LOCK_FILE = { type: 'no-verdict', plugin: 'lock-file', code: 'not-running', onFailure: 'closed' } as const

/** Puts the core's questions to the plugins that hold their hooks. */
export class Guards implements HookResponder {
  readonly #options: GuardsOptions
  readonly #waiting = new Map<HookName, number>()

  constructor(options: GuardsOptions) {
    this.#options = options
  }

  wants<Name extends HookName>(name: Name, request: () => HookRequest<Name>): boolean {
    return this.#isUnknown() || this.#records(name, request).next().done !== true
  }

  async ask<Name extends HookName>(name: Name, request: HookRequest<Name>): Promise<readonly HookAnswer<Name>[]> {
    if (this.#isUnknown()) return [LOCK_FILE]
    const { running, clock } = this.#options
    const asked = [...this.#records(name, () => request)].map((record): Asked => {
      const { onFailure } = guardOf(record, name) ?? {}
      return { plugin: record.name, runner: running.runner(record.name), ...(onFailure && { onFailure }) }
    })
    if (asked.length === 0) return []
    const waiting = this.#waiting.get(name) ?? 0
    if (waiting >= hooks[name].mostWaiting.inAll)
      return asked.map((each) => hookAnswer(each, { type: 'no-verdict', code: 'overloaded' }))
    this.#waiting.set(name, waiting + 1)
    const answers = await askAll(name, request, asked, clock)
    this.#waiting.set(name, (this.#waiting.get(name) ?? 1) - 1)
    return answers
  }

  #isUnknown(): boolean {
    return this.#options.held()?.code === 'lock-file-damaged'
  }

  /** A plugin that should answer but does not run counts too: what it guards must not open because it crashed. */
  *#records(name: HookName, request: () => unknown): Generator<InstallRecord> {
    const { roster, running } = this.#options
    for (const record of roster.records) {
      if (record.disabled) continue
      const run = running.runner(record.name)?.run
      const guard = run?.running === true ? undefined : guardOf(record, name)
      const wants =
        run?.running === true
          ? run.wants(name, request)
          : guard !== undefined && (guard.filter === undefined || matchesFilter(guard.filter, request()))
      if (wants) yield record
    }
  }
}
