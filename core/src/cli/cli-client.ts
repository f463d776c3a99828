import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type HttpRequest, messagesOf, parseJson, send, textOf } from '@fulgurite/plugin-sdk/client/http'
import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import { readAccess } from '../api/access.ts'
import { systemReason } from '../lib/system-reason.ts'
import { CliFailure } from './failure.ts'
import { EXIT } from './io.ts'

export interface NodeReply {
  readonly text: string
  readonly body: unknown
}

/** A node's API as the command line uses it. Failures are thrown as `CliFailure`. */
export interface CliClient {
  ask(actor: string, operation: string, request: unknown, headers: Readonly<Record<string, string>>): Promise<NodeReply>
  /** Calls `onEvent` for each event until the signal is aborted or the node ends the stream. */
  follow(query: URLSearchParams, signal: AbortSignal, onEvent: (data: string) => void): Promise<void>
}

/**
 * Finds the node of a data folder. If no folder is named, it tries the usual one first, then the development network's inside it, and
 * uses the first that answers.
 */
export const cliClient = (folders: readonly string[]): CliClient => {
  const reach = async (path: string, options: Omit<HttpRequest, 'path'>): Promise<IncomingMessage> => {
    let refusedAt: string | undefined
    for (const folder of folders) {
      const access = readAccess(folder)
      if (!access.ok) {
        if (access.error.code === 'no-access-file') continue
        throw new CliFailure(EXIT.unreachable, {
          code: access.error.code,
          message: `cannot read ${access.error.path}: ${access.error.reason}`,
          hint: 'it is written when the node starts, for the user who started it',
        })
      }
      try {
        return await send(access.value, { ...options, path })
      } catch (error) {
        if (!isRefused(error)) throw lost(access.value.url, error)
        refusedAt ??= access.value.url
      }
    }
    throw unreachable(refusedAt, folders)
  }

  return {
    async ask(actor, operation, request, headers) {
      const response = await reach(`/v1/${actor}/${operation}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(request),
      })
      const text = await read(response)
      const body = parse(text)
      if (response.statusCode === 200) return { text, body }
      throw refused(body as ContractError)
    },
    async follow(query, signal, onEvent) {
      const response = await reach(`/v1/events?${query}`, { method: 'GET', headers: {}, signal }).catch(
        (error: unknown) => {
          if (signal.aborted) return undefined
          throw error
        },
      )
      if (response === undefined) return
      if (response.statusCode !== 200) throw refused(parse(await read(response)) as ContractError)
      await followMessages(response, signal, onEvent)
    },
  }
}

const read = async (response: IncomingMessage): Promise<string> => {
  try {
    return await textOf(response)
  } catch (error) {
    throw lost('the node', error)
  }
}

const followMessages = async (
  response: IncomingMessage,
  signal: AbortSignal,
  onEvent: (data: string) => void,
): Promise<void> => {
  try {
    for await (const { event, data } of messagesOf(response)) {
      if (event === 'error') throw refused(parse(data) as ContractError)
      onEvent(data)
    }
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof CliFailure) throw error
    throw lost('the event stream', error)
  }
}

const parse = (text: string): unknown => {
  try {
    return parseJson(text)
  } catch {
    return { code: 'unreadable-answer', message: 'what answered is not a Fulgurite node' }
  }
}

const isRefused = (error: unknown): boolean =>
  ['ECONNREFUSED', 'EHOSTUNREACH', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '')

const refused = (error: ContractError): CliFailure => {
  const unsure = error.code === 'outcome-unknown' || error.code === 'timed-out'
  const hint =
    error.code === 'unauthorized'
      ? 'another node may be running at this address: name its folder with --data'
      : undefined
  return new CliFailure(unsure ? EXIT.unknown : EXIT.refused, { ...error, ...(hint === undefined ? {} : { hint }) })
}

const lost = (what: string, error: unknown): CliFailure =>
  new CliFailure(EXIT.unknown, {
    code: 'connection-lost',
    message: `lost the connection to ${what}: ${systemReason(error)}`,
    hint: 'a command that was under way may have been done: ask again with the same --key',
  })

const unreachable = (refusedAt: string | undefined, folders: readonly string[]): CliFailure =>
  new CliFailure(EXIT.unreachable, {
    code: 'node-unreachable',
    message:
      refusedAt === undefined
        ? `there is no running node in ${folders[0]} (no ${join(folders[0] ?? '', 'api.json')})`
        : `cannot reach the node at ${refusedAt}: nothing is listening there`,
    hint: 'start one with: fulgurite start --devnet; or name the folder of a running one with --data or FULGURITE_DATA',
  })
