import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** Installs a plugin as the operator does. */
export const installOn = async (node: NodeProcess, source: PluginSource): Promise<void> => {
  await node.ask('plugins', 'install', { path: writePlugin(node.dataDir, source) })
}

/** What the plugin and the host on its behalf have logged, the latest first. */
export const logOn = async (node: NodeProcess, name: string): Promise<readonly string[]> => {
  const { items } = await node.ask('plugins', 'logs', { name, page: { limit: 500 } })
  return items.map(({ source, level, text }) => `${source} ${level} ${text}`)
}
