import { equalBytes } from '../../../lib/bytes.ts'
import { isNegotiated } from '../../../wire/features.ts'
import { isShutdownScriptOfPeer, scriptForms } from '../../commitment/shutdown-script.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Online } from '../common/step.ts'

/** What is wrong with a script to which the peer wants to be paid, in `shutdown` or later in `closing_complete`. */
export const peerScriptFault = (
  { durable, session }: Online,
  script: Uint8Array,
  { settings: { features } }: ChannelEnv,
): 'form' | 'not-as-promised' | undefined => {
  if (!isShutdownScriptOfPeer(script, scriptForms(features, session.remoteFeatures))) return 'form'
  // BOLT 2, shutdown: a script from the opening is binding if both nodes have advertised the feature.
  const isBound = isNegotiated(features, session.remoteFeatures, 'option_upfront_shutdown_script')
  const promised = isBound ? durable.params.remoteUpfrontShutdown : undefined
  return promised !== undefined && !equalBytes(promised, script) ? 'not-as-promised' : undefined
}
