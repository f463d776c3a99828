import { findOperation } from '@fulgurite/plugin-sdk/contract'
import type { CliClient, NodeReply } from './cli-client.ts'
import { installAsking } from './consent.ts'
import { CliFailure } from './failure.ts'
import { logTail } from './follow-logs.ts'
import type { CliIo } from './io.ts'
import { printable, printableJson } from './printable.ts'

export interface DevOptions {
  readonly path: string
  readonly config?: unknown
  readonly yes: boolean
  readonly json: boolean
}

export interface Installed {
  readonly plugin: { readonly name: string; readonly version: string; readonly state: string }
  readonly replaced?: string
  readonly warnings: readonly string[]
}

/** How long a folder must be left alone before it is read: an editor writes a file in several steps, and a build many. */
const SETTLED_MS = 250

/** Installs the plugin in a folder, again whenever something in the folder changes, and shows what it logs, until interrupted. */
export const developPlugin = async (client: CliClient, options: DevOptions, io: CliIo): Promise<void> => {
  const { path, json } = options
  let changes = 1
  const unwatch = io.watch(path, () => {
    changes += 1
  })
  const printError = ({ code, message, hint, details }: CliFailure): void => {
    if (json) io.out(`${printableJson(JSON.stringify({ error: { code, message, ...details } }))}\n`)
    else io.err(`error: ${printable(message)} [${code}]\n${hint === undefined ? '' : `${hint}\n`}`)
  }
  let name: string | undefined
  let showLogs = (): Promise<void> => Promise.resolve()
  const put = async (): Promise<void> => {
    const request = { path, ...(options.config === undefined ? {} : { config: options.config }) }
    const reply = await installAsking(client, request, {}, options.yes, io)
    const { plugin } = reply.body as Installed
    if (plugin.name !== name) {
      name = plugin.name
      showLogs = logsOf(name, client, json, io)
    }
    tell(reply, json, io)
  }
  try {
    let done = 0
    while (!io.interrupted.aborted) {
      const seen = changes
      if (seen !== done && (done === 0 || (await isSettled(() => changes === seen, io)))) {
        const isFirst = done === 0
        done = seen
        await put().catch((error: unknown) => {
          // A change in the folder cannot fix this, so the command ends.
          if (!(error instanceof CliFailure) || !(isFirst ? MENDABLE : LATER).has(error.code)) throw error
          printError(error)
        })
      }
      await showLogs()
      await io.pause(SETTLED_MS)
    }
  } finally {
    unwatch()
  }
  if (name !== undefined && !json) {
    io.err(`${printable(name)} stays installed; to take it off: fulgurite plugins remove ${printable(name)}\n`)
  }
}

/** Errors that the author can fix in the folder. */
const MENDABLE: ReadonlySet<string> = new Set([
  'manifest-invalid',
  'contract-mismatch',
  'config-invalid',
  'bundle-failed',
  'start-failed',
  'limits-exceeded',
])
/** These end nothing once the plugin is installed: a folder may be missing for a moment, and `declined` concerns one change only. */
const LATER: ReadonlySet<string> = new Set([...MENDABLE, 'path-not-found', 'declined'])

const isSettled = async (isUnchanged: () => boolean, io: CliIo): Promise<boolean> => {
  await io.pause(SETTLED_MS)
  return isUnchanged()
}

/** The result of an install, in few words: what the plugin may do was shown before. */
export const installedText = ({ plugin, replaced, warnings }: Installed): string => {
  const { name, version, state } = plugin
  const instead = replaced === undefined || replaced === version ? '' : `, in the place of ${replaced}`
  return [`${name} ${version} is ${state}${instead}`, ...warnings].map((line) => `${printable(line)}\n`).join('')
}

const tell = ({ text, body }: NodeReply, json: boolean, io: CliIo): void => {
  if (json) {
    io.out(`${printableJson(text)}\n`)
    return
  }
  io.err(`${installedText(body as Installed)}waiting for changes in its folder\n`)
}

const logsOf = (name: string, client: CliClient, json: boolean, io: CliIo): (() => Promise<void>) => {
  const operation = findOperation('plugins', 'logs')
  if (operation === undefined) return () => Promise.resolve()
  const tail = logTail(operation, { name }, client, io, { json, style: {}, sinceStart: true })
  return () =>
    tail().catch((error: unknown) => {
      // Somebody else has removed the plugin: the next change installs it again.
      if (!(error instanceof CliFailure) || error.code !== 'plugin-not-found') throw error
    })
}
