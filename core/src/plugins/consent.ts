import { createHash } from 'node:crypto'
import { readGrant } from './grant.ts'
import { asksForMore, type GrantChange, grantChanges } from './grant-changes.ts'
import { grantItems } from './grant-items.ts'
import type { InstallRecord } from './install-record.ts'
import type { PluginError } from './plugin-error.ts'
import type { PluginSource } from './plugin-source.ts'

/** What is to be installed, compared with what is installed under its name. */
export interface InstallProposal {
  readonly changes: readonly GrantChange[]
  /** Identifies exactly this: these files, and what they may do beyond what is installed now. */
  readonly digest: string
  readonly needsConsent: boolean
}

/** A plugin that is not installed has no grant, and a grant that cannot be read grants nothing. */
export const proposalOf = (
  { manifest, integrity }: Pick<PluginSource, 'manifest' | 'integrity'>,
  current: InstallRecord | undefined,
): InstallProposal => {
  const granted = current === undefined ? undefined : readGrant(current.grant)
  const asked = grantItems(manifest, manifest.publisher)
  const changes =
    granted === undefined
      ? grantChanges(
          [],
          asked.filter(({ isUsual }) => isUsual !== true),
        )
      : grantChanges(grantItems(granted, current?.publisher), asked)
  const what = [manifest.name, integrity, current?.grant ?? '', current?.publisher ?? '']
  const digest = `sha256-${createHash('sha256').update(JSON.stringify(what)).digest('hex')}`
  return { changes, digest, needsConsent: granted === undefined || asksForMore(changes) }
}

/** Asks for the operator's consent. The details say what to show, and what to send back. */
export const consentNeeded = (
  { name, version }: PluginSource['manifest'],
  current: InstallRecord | undefined,
  { changes, digest }: InstallProposal,
): PluginError<'consent-needed'> => ({
  code: 'consent-needed',
  message:
    current === undefined
      ? `${name} ${version} is installed only with your consent to what it may do: details.changes says what`
      : `${name} ${version} asks for other than ${current.version} was granted: details.changes says what, and it needs your consent`,
  details: {
    name,
    version,
    ...(current === undefined ? {} : { installed: current.version }),
    consent: digest,
    changes,
  },
})
