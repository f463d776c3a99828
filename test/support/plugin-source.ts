import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ContractError, ReplyOf, RequestOf } from '@fulgurite/plugin-sdk/contract'
import type { Result } from '../../core/src/lib/result.ts'
import type { NodeProcess } from './node-process.ts'

export interface PluginSource {
  readonly name: string
  /** The body of `definePlugin(({ events, actors, hooks, schedule, store, log, config }) => { … })`. */
  readonly setup: string
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** Writes a plugin into a folder of its own in `folder`. Returns where it is. */
export const writePlugin = (folder: string, { name, setup, manifest = {} }: PluginSource): string => {
  const path = join(folder, 'sources', name)
  mkdirSync(path, { recursive: true })
  const whole = { name, version: '1.0.0', contract: '^0.1.0', entry: './index.ts', ...manifest }
  writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(whole))
  const api = '{ events, actors, hooks, schedule, store, log, config }'
  const code = `import { definePlugin } from '@fulgurite/plugin-sdk'\nexport default definePlugin((${api}) => {\n${setup}\n})`
  writeFileSync(join(path, 'index.ts'), code)
  return path
}

/** Whoever can be asked to install plugins. */
interface Installer {
  tryAsk(actor: 'plugins', operation: 'install', request: object): Promise<Result<Installed, ContractError>>
}

type Installed = ReplyOf<'plugins', 'install'>

/** Installs what a folder holds, and agrees to whatever it asks for, as an operator in a hurry does. */
export const installAgreeing = async (
  node: Installer,
  request: RequestOf<'plugins', 'install'>,
): Promise<Result<Installed, ContractError>> => {
  const asked = await node.tryAsk('plugins', 'install', request)
  if (asked.ok || asked.error.code !== 'consent-needed') return asked
  return node.tryAsk('plugins', 'install', { ...request, consent: asked.error.details?.consent })
}

/** Installs a plugin as the operator does. */
export const installOn = async (node: NodeProcess, source: PluginSource): Promise<void> => {
  const installed = await installAgreeing(node, { path: writePlugin(node.dataDir, source) })
  if (!installed.ok) throw new Error(`${installed.error.code}: ${installed.error.message}`)
}

/** What the plugin and the host on its behalf have logged, the latest first. */
export const logOn = async (node: NodeProcess, name: string): Promise<readonly string[]> => {
  const { items } = await node.ask('plugins', 'logs', { name, page: { limit: 500 } })
  return items.map(({ source, level, text }) => `${source} ${level} ${text}`)
}
