import { equalBytes } from '../../../lib/bytes.ts'
import { isOurShutdownScript, scriptForms } from '../../commitment/shutdown-script.ts'
import { update } from '../../state/channel-state.ts'
import type { Funded } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { CommandErrors } from '../../state/errors.ts'
import type { CloseCommand } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { closesSimply } from '../common/simple-close.ts'
import { andThen, done, emit, type Live, type Online, refuse, type Step, to } from '../common/step.ts'
import { neededRate, nextOffer } from './close-offer.ts'
import { awake, reconsiderFee } from './negotiation.ts'
import { offerClose } from './simple-close.ts'

/**
 * Asks for a cooperative close. The request is kept: if the peer is away, `shutdown` is sent when it is back. Asked for again with other
 * rates or another script, the new ones apply, as far as the close that is under way can still be changed; asked for again with the same, it
 * changes nothing.
 */
export const closeChannel = ({ durable, session }: Live, command: CloseCommand, env: ChannelEnv): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  const { scriptPubkey } = command
  const script = scriptPubkey ?? durable.closingScript ?? durable.localShutdown ?? durable.params.localShutdownScript
  // BOLT 2: a script promised at the opening must be kept.
  if (durable.params.localShutdownIsUpfront && !equalBytes(script, durable.params.localShutdownScript)) {
    return refuse(state, command, { code: 'shutdown-script-is-fixed' })
  }
  if (scriptPubkey !== undefined && !isOurShutdownScript(script, formsOf(session, env))) {
    return refuse(state, command, { code: 'invalid-shutdown-script' })
  }
  const priced = update(durable, {
    closingMinFeeratePerKw: command.minFeeratePerKw ?? env.feerates.minimum,
    ...(command.feeratePerKw === undefined ? {} : { closingFeeratePerKw: command.feeratePerKw }),
  })
  if (durable.localShutdown === undefined && durable.phase !== 'closing') {
    const next = update(priced, { localShutdown: script })
    return to(next, session, [emit(next, { type: 'shutdown', byUs: true }), ...done(command)])
  }
  const moved = withScript(priced, script)
  const refusal = refusalOf(durable, moved, session, script, env)
  if (refusal !== undefined) return refuse(state, command, refusal)
  const asked = to(moved, session, done(command))
  if (session === undefined) return asked
  const isLegacy = moved.phase !== 'closing' && session.simpleClose === undefined
  // Whoever asks again with a rate wants our offer to be sent again, whatever the last one led to.
  if (isLegacy && command.feeratePerKw === undefined) return asked
  if (isLegacy)
    return andThen(to(moved, awake(session), done(command)), () => reconsiderFee(moved, awake(session), env))
  return moved.phase === 'negotiating' || moved.phase === 'closing'
    ? andThen(asked, (next) => offerClose(next as Online<typeof moved>, env))
    : asked
}

/** Why a close that is under way is not changed as the operator wishes. */
const refusalOf = (
  before: Funded,
  durable: Funded,
  session: Session | undefined,
  script: Uint8Array,
  env: ChannelEnv,
): CommandErrors['close'] | undefined => {
  const isSimple = session === undefined ? undefined : closesSimply(session, env)
  // BOLT 2, shutdown: there are no several of them; only closing_complete can name another script.
  const isMoved = durable.closingScript !== undefined && !isSameScript(before.closingScript, durable.closingScript)
  if (isMoved && isSimple !== true) return { code: 'shutdown-script-is-fixed' }
  if (before.phase !== 'closing') return undefined
  // The chain decides, or there is nothing that could be replaced.
  const { mutual, publishLocal, spends } = before.closing
  const isDecided = publishLocal || spends.some(({ confirmedAt }) => confirmedAt !== undefined)
  if (mutual === undefined || isDecided) return { code: 'closing-in-progress' }
  const needed = neededRate(durable, script, env)
  const { closingMinFeeratePerKw: least = 0 } = durable
  const isWanted = isMoved || (needed !== undefined && least >= needed)
  if (!isWanted) return undefined
  if (isSimple === false) return { code: 'close-not-replaceable' }
  return needed !== undefined && nextOffer(durable, env) === undefined
    ? { code: 'replacement-too-cheap', neededFeeratePerKw: needed }
    : undefined
}

const isSameScript = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && equalBytes(a, b)

/** If the peer is away, it is taken to know what every peer does today. */
const formsOf = (session: Session | undefined, { settings }: ChannelEnv): { readonly anySegwit: boolean } =>
  session === undefined ? { anySegwit: true } : scriptForms(settings.features, session.remoteFeatures)

/** The operator's script, if the peer has been told another. */
const withScript = (durable: Funded, script: Uint8Array): Funded => {
  const { closingScript: _, ...rest } = durable
  return durable.localShutdown !== undefined && equalBytes(durable.localShutdown, script)
    ? (rest as Funded)
    : update(durable, { closingScript: script })
}
