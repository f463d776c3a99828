import { err, ok, type Result } from '../lib/result.ts'
import type { Refusal } from '../node/contract-gateway.ts'
import type { ActorHandlers } from '../node/contract-mapping/handlers.ts'
import { pageOf } from '../node/contract-mapping/paging.ts'
import type { PluginError, PluginErrorCode, PluginHost } from '../plugins/index.ts'

/** Answers the contract's `plugins` actor from the plugin host, which is loaded when it is first needed. */
export const pluginHandlers = (openHost: () => Promise<PluginHost>): ActorHandlers<'plugins'> => ({
  list: async ({ page }) => pageOf((await openHost()).list(), page),
  async inspect({ name }) {
    return inContract(await (await openHost()).inspect(name))
  },
  async install({ path, config, consent }) {
    const host = await openHost()
    const installed = await host.install(path, {
      ...(config === undefined ? {} : { config }),
      ...(consent === undefined ? {} : { consent }),
    })
    return inContract(installed)
  },
  async configure({ name, config }) {
    return inContract(await (await openHost()).configure(name, config))
  },
  async enable({ name }) {
    const enabled = await (await openHost()).enable(name)
    return enabled.ok ? ok({ plugin: enabled.value }) : inContract(enabled)
  },
  async disable({ name }) {
    const disabled = await (await openHost()).disable(name)
    return disabled.ok ? ok({ plugin: disabled.value }) : inContract(disabled)
  },
  async remove({ name, keepStore }) {
    const host = await openHost()
    const removed = await host.remove(name, keepStore === undefined ? {} : { keepStore })
    return removed.ok ? ok({}) : inContract(removed)
  },
  async restart({ name }) {
    return inContract(await (await openHost()).restart(name))
  },
  async resume() {
    const resumed = await (await openHost()).resume()
    return resumed.ok ? ok({ items: resumed.value }) : inContract(resumed)
  },
  async parked({ name, page }) {
    const parked = await (await openHost()).parked(name)
    return parked.ok ? pageOf(parked.value, page) : inContract(parked)
  },
  async retryParked({ name }) {
    const retried = await (await openHost()).retryParked(name)
    return retried.ok ? ok({ retried: retried.value }) : inContract(retried)
  },
  async logs({ name, level = 'debug', since, page }) {
    const logs = (await openHost()).logs(name)
    if (!logs.ok) return inContract(logs)
    const { lines, count } = logs.value
    const before = count - lines.length
    const wanted = lines
      .map((line, i) => ({ number: Math.max(before + i + 1, 0), ...line }))
      .filter(
        (line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(level) && (since === undefined || line.number > since),
      )
    const paged = pageOf(wanted.toReversed(), page)
    return paged.ok ? ok({ ...paged.value, latest: count }) : paged
  },
})

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

const inContract = <T, Code extends PluginErrorCode>(
  outcome: Result<T, PluginError<Code>>,
): Result<T, Refusal<Code>> => {
  if (outcome.ok) return outcome
  const { code, message, field, details } = outcome.error
  return err({
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(details === undefined ? {} : { details }),
  })
}
