import type { CliClient, NodeReply } from './cli-client.ts'
import { CliFailure } from './failure.ts'
import { type CliIo, EXIT } from './io.ts'
import { printable } from './printable.ts'
import { wrapped } from './table.ts'

/** What a node says with `consent-needed`. A node of another version may say less. */
interface Needed {
  readonly name?: string
  readonly version?: string
  readonly installed?: string
  readonly consent?: string
  readonly changes?: readonly { readonly change?: string; readonly text?: string }[]
}

const SIGNS: Readonly<Record<string, string>> = { new: '+', raised: '↑', changed: '~', lowered: '↓', gone: '-' }

/**
 * Installs a plugin. If it may do more than before, the operator is shown what, and asked; `yes` is a script's answer. The operator
 * agrees to exactly what was shown, and nothing else is installed.
 */
export const installAsking = async (
  client: CliClient,
  request: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>>,
  yes: boolean,
  io: CliIo,
): Promise<NodeReply> => {
  // The first request is refused and does nothing. The key belongs to the second one, which has the consent in it.
  const { 'idempotency-key': _, ...first } = headers
  const refused = await client
    .ask('plugins', 'install', request, request.consent === undefined ? first : headers)
    .catch((error: unknown) => {
      if (error instanceof CliFailure && error.code === 'consent-needed') return error
      throw error
    })
  if (!(refused instanceof CliFailure)) return refused
  const needed = (refused.details.details ?? {}) as Needed
  if (needed.consent === undefined) throw refused
  io.err(shown(needed, io.columns))
  if (!yes) {
    const answer = await io.ask(
      `Grant this to ${printable(`${needed.name ?? 'it'} ${needed.version ?? ''}`.trim())}? [y/N] `,
    )
    if (answer === undefined) throw withoutTerminal(refused)
    if (!/^\s*y(es)?\s*$/i.test(answer)) throw declined()
  }
  return client.ask('plugins', 'install', { ...request, consent: needed.consent }, headers)
}

const shown = ({ name = 'It', version = '', installed, changes = [] }: Needed, columns: number): string => {
  const who = printable(`${name} ${version}`)
  const head =
    installed === undefined ? `${who} would be granted:` : `${who} would take the place of ${printable(installed)}:`
  const lines = changes.map(
    ({ change = '', text = '' }) => `  ${SIGNS[change] ?? '?'} ${wrapped(printable(text), columns - 4).join('\n    ')}`,
  )
  const legend = installed === undefined ? '' : '  (+ new, ↑ more, ~ otherwise, ↓ less, - no more)\n'
  return `${head}\n${lines.join('\n')}\n${legend}`
}

const withoutTerminal = ({ code, details }: CliFailure): CliFailure =>
  new CliFailure(EXIT.refused, {
    ...details,
    code,
    message: 'the plugin needs your consent, and there is no terminal to ask for it',
    hint: 'read the list above; then agree with --yes, or to exactly this with --consent',
  })

const declined = (): CliFailure => new CliFailure(EXIT.refused, { code: 'declined', message: 'nothing was installed' })
