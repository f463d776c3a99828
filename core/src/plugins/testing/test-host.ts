import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPluginHost, type PluginHost, type PluginHostOptions } from '../index.ts'
import { FakeNode, MemoryStore } from './fake-node.ts'

/** A log line with the plugin that it is about. */
export interface HeardLine {
  readonly plugin: string
  readonly level: string
  readonly source: string
  readonly text: string
}

export interface PluginSource {
  readonly name: string
  readonly code: string
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** A plugin host over a fake node, in a folder of its own. */
export interface TestHost {
  /** The data folder. */
  readonly folder: string
  readonly node: FakeNode
  readonly store: MemoryStore
  /** Installs agree to what is asked for, unless they name what they agree to. */
  readonly host: PluginHost
  /** Installs as the host does it, where nothing is agreed to that was not named. */
  readonly propose: PluginHost['install']
  readonly lines: readonly HeardLine[]
  /** Writes a plugin's folder. Returns its path. */
  write(source: PluginSource): string
  /** Installs a plugin and fails loudly if it does not start. */
  install(source: PluginSource, config?: Readonly<Record<string, unknown>>): Promise<void>
  /** Resolves with the first line, past or to come, of the plugin that matches. */
  line(plugin: string, pattern: RegExp): Promise<HeardLine>
  close(): Promise<void>
}

/** `whole` is false where the test starts those that guard nothing itself. */
export const testHost = async (options: Partial<PluginHostOptions> = {}, whole = true): Promise<TestHost> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-plugins-'))
  const node = new FakeNode()
  const store = new MemoryStore()
  const lines: HeardLine[] = []
  const waiting = new Set<(line: HeardLine) => void>()
  const real = createPluginHost({
    gateway: node,
    storage: store,
    dataDir: folder,
    onLog: (plugin, { level, source, text }) => {
      const line = { plugin, level, source, text }
      lines.push(line)
      for (const listener of waiting) listener(line)
    },
    ...options,
  })
  const host: PluginHost = Object.create(real, { install: { value: agreeing(real) } })
  await real.start()
  if (whole) await real.startOthers()

  const write = ({ name, code, manifest = {} }: PluginSource): string => {
    const path = join(folder, 'sources', name)
    mkdirSync(path, { recursive: true })
    const whole = { name, version: '1.0.0', contract: '^0.1.0', entry: './index.ts', ...manifest }
    writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(whole))
    writeFileSync(join(path, 'index.ts'), code)
    return path
  }

  return {
    folder,
    node,
    store,
    host,
    propose: (path, options) => real.install(path, options),
    lines,
    write,
    async install(source, config) {
      const installed = await host.install(write(source), config === undefined ? {} : { config })
      if (!installed.ok) throw new Error(`${installed.error.code}: ${installed.error.message}`)
    },
    line(plugin, pattern) {
      const matches = (line: HeardLine): boolean => line.plugin === plugin && pattern.test(line.text)
      const found = lines.find(matches)
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve) => {
        const listener = (line: HeardLine): void => {
          if (!matches(line)) return
          waiting.delete(listener)
          resolve(line)
        }
        waiting.add(listener)
      })
    },
    async close() {
      await host.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const agreeing =
  (host: PluginHost): PluginHost['install'] =>
  async (path, options = {}) => {
    const asked = await host.install(path, options)
    if (asked.ok || asked.error.code !== 'consent-needed' || options.consent !== undefined) return asked
    return host.install(path, { ...options, consent: String(asked.error.details?.consent) })
  }
