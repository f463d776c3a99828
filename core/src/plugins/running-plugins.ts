import { stackOf } from '../lib/errors.ts'
import type { Turns } from '../lib/in-turn.ts'
import { textBytes } from './account.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord } from './install-record.ts'
import { readInstalled } from './installed-files.ts'
import type { PluginError } from './plugin-error.ts'
import { PluginRunner } from './plugin-runner.ts'
import { type Hold, type PluginStatus, pluginStatus } from './plugin-status.ts'

/** The runners of plugins that were started, and why others could not be started. Callers hold the plugin's turn. */
export class RunningPlugins {
  readonly #services: HostServices
  readonly #turns: Turns
  readonly #runners = new Map<string, PluginRunner>()
  readonly #failures = new Map<string, PluginError>()
  #stopped = false

  constructor(services: HostServices, turns: Turns) {
    this.#services = services
    this.#turns = turns
  }

  runner(name: string): PluginRunner | undefined {
    return this.#runners.get(name)
  }

  /** Resolves when the plugin runs, or its first start has failed. Whatever goes wrong concerns that plugin alone. */
  async start(record: InstallRecord): Promise<void> {
    try {
      const error = await this.#start(record)
      if (error !== undefined) this.#fail(record.name, error)
    } catch (thrown) {
      this.#fail(record.name, { code: 'start-failed', message: stackOf(thrown) })
    }
  }

  /** Ends the plugin's run, if there is one, and forgets how it went. */
  stop(name: string, reason: string): void {
    this.#runners.get(name)?.stop(reason)
    this.#runners.delete(name)
    this.#failures.delete(name)
  }

  /** Ends every run at once, without waiting for turns. The plugins stay stopped. */
  stopAll(reason: string): void {
    for (const runner of this.#runners.values()) runner.stop(reason)
  }

  /** Ends every run, and starts no more. */
  close(): void {
    this.#stopped = true
    this.stopAll('the node stops')
  }

  ping(): void {
    for (const runner of this.#runners.values()) runner.ping()
  }

  /** A plugin as the operator sees it. */
  status(record: InstallRecord, held: Hold | undefined): PluginStatus {
    const { name } = record
    return pluginStatus({
      record,
      runner: this.#runners.get(name),
      failed: this.#failures.get(name),
      held,
      account: this.#services.book(name).account,
      walls: this.#services.walls(),
    })
  }

  #fail(name: string, error: PluginError): void {
    this.#failures.set(name, error)
    this.#services.log(name).host('error', `${error.code}: ${error.message}`)
  }

  async #start(record: InstallRecord): Promise<PluginError | undefined> {
    const { name, version } = record
    const services = this.#services
    if (this.#stopped) return undefined
    const refused = await services.refusal()
    if (refused !== undefined) return refused
    const read = await readInstalled(services.folder, record)
    if (!read.ok) return read.error
    const { manifest, code, sourceMap, config } = read.value
    const { account } = services.book(name)
    account.give('bundle', account.held('bundle'))
    if (!account.take('bundle', textBytes(code) + textBytes(sourceMap))) {
      const message = 'the memory that the node has for plugins is full: remove another plugin first'
      return { code: 'limits-exceeded', message }
    }
    const [ledger, pool] = await Promise.all([services.ledger(), services.cells()])
    if (this.#stopped) return undefined
    const runner = new PluginRunner({
      installed: read.value,
      config,
      gateway: services.gateway,
      store: services.storage,
      budgets: ledger.of(name),
      clock: services.clock,
      rng: services.rng,
      pool,
      log: services.log(name, manifest.limits.logsPerSecond),
      book: services.book(name),
      restart: services.restart,
      totalCpu: services.totalCpu,
      notify: (notice) => services.notice({ name, version }, notice),
      serving: () => services.serving(name),
      inTurn: (work) => this.#turns.take(name, work),
    })
    this.#failures.delete(name)
    this.#runners.set(name, runner)
    await runner.start()
    return undefined
  }
}
