import { dustLimit, FEERATE_FLOOR, feeForWeight } from '../../../bitcoin/fees.ts'
import { type FeeratePerKw, MSAT_PER_SAT, msatToSatFloor, type Sat } from '../../../lib/units.ts'
import { closingFee, closingWeight } from '../../commitment/closing-transaction.ts'
import { hasLess, offeredVariants } from '../../commitment/simple-close-transaction.ts'
import { largest } from '../../commitments/amounts.ts'
import { latest } from '../../commitments/commitments.ts'
import type { SignedClose } from '../../state/closing.ts'
import type { Closing, Funded } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Session } from '../../state/session.ts'
import { bestPaid, closeOf, closesSimply } from '../common/simple-close.ts'

/** Whether the operator has asked for a close; otherwise only the peer has. */
const wasAsked = ({ closingMinFeeratePerKw, closingFeeratePerKw }: Funded): boolean =>
  closingMinFeeratePerKw !== undefined || closingFeeratePerKw !== undefined

/**
 * The close to propose next by `closing_complete`, if any: the first one; and, if the operator wants to pay more than all closes so far do
 * or to be paid elsewhere, another that replaces them.
 */
export const nextOffer = (durable: Funded, env: ChannelEnv): SignedClose | undefined => {
  const { localShutdown, remoteShutdown, closingScript } = durable
  const localScript = closingScript ?? localShutdown
  if (localScript === undefined || remoteShutdown === undefined) return undefined
  const draft: SignedClose = { closer: 'local', localScript, remoteScript: remoteShutdown, fee: 0n, locktime: 0 }
  const best = bestPaid(durable, env)
  if (best === undefined) return priced(durable, draft, firstRate(durable, env), env)
  const close = priced(durable, draft, leastRate(durable, env), env)
  if (!wasAsked(durable) || close === undefined) return undefined
  const needed = best + increment(durable, draft)
  if (close.fee >= needed) return close
  if (closingScript === undefined) return undefined
  const replacing = { ...close, fee: needed }
  return needed <= feeAt(durable, draft, mostRate(durable, env)) && isPossible(durable, replacing)
    ? replacing
    : undefined
}

/** The least rate at which a close replaces those before it, if it is more than the operator's. */
export const neededRate = (durable: Funded, localScript: Uint8Array, env: ChannelEnv): FeeratePerKw | undefined => {
  const { remoteShutdown } = durable
  const best = bestPaid(durable, env)
  if (best === undefined || remoteShutdown === undefined) return undefined
  const draft: SignedClose = { closer: 'local', localScript, remoteScript: remoteShutdown, fee: 0n, locktime: 0 }
  const weight = BigInt(weightOf(durable, draft))
  return Number(((best + increment(durable, draft)) * 1000n + weight - 1n) / weight)
}

/** Whether the close is the peer's wish alone, and the peer can pay for it. */
export const isForPeer = (durable: Funded, { feerates }: ChannelEnv): boolean =>
  !wasAsked(durable) && canPeerPay(durable, feerates.closing)

/** At first, today's rate within the operator's limits; and the least that relays for a close that is the peer's to pay and did not come. */
const firstRate = (durable: Funded, env: ChannelEnv): FeeratePerKw => {
  const { closing, minimum } = env.feerates
  const rate = Math.max(leastRate(durable, env), Math.min(closing, mostRate(durable, env)))
  return isForPeer(durable, env) ? minimum : rate
}

const leastRate = ({ closingMinFeeratePerKw: named }: Funded, { feerates }: ChannelEnv): FeeratePerKw =>
  named ?? feerates.minimum

const mostRate = ({ closingFeeratePerKw: named }: Funded, { feerates }: ChannelEnv): FeeratePerKw =>
  named ?? feerates.closingMaximum

const canPeerPay = (durable: Funded, feerate: FeeratePerKw): boolean => {
  const { localShutdown, remoteShutdown } = durable
  if (localShutdown === undefined || remoteShutdown === undefined) return false
  const { localParams, local } = latest(durable)
  const fee = closingFee(localParams.format, feerate, localShutdown, remoteShutdown)
  return msatToSatFloor(local.spec.toRemoteMsat) >= fee + dustLimit(remoteShutdown)
}

/** The close at this rate; `undefined` if we cannot pay what relays. BOLT 2, closing_complete: the fee is at most our balance. */
const priced = (
  durable: Funded,
  draft: SignedClose,
  feerate: FeeratePerKw,
  env: ChannelEnv,
): SignedClose | undefined => {
  const available = msatToSatFloor(latest(durable).local.spec.toLocalMsat)
  const wanted = feeAt(durable, draft, feerate)
  const kept = available - dustLimit(draft.localScript)
  if (wanted <= kept) return possible(durable, { ...draft, fee: wanted })
  const least = feeAt(durable, draft, env.feerates.minimum)
  // BOLT 2: who has less leaves an output out that is dust, and then all of it is the fee. Who has more keeps an output.
  const fee = hasLess(closeOf(durable, draft)) ? available : kept
  return fee >= least ? possible(durable, { ...draft, fee }) : undefined
}

const possible = (durable: Funded, close: SignedClose): SignedClose | undefined =>
  isPossible(durable, close) ? close : undefined

const isPossible = (durable: Funded, close: SignedClose): boolean =>
  close.fee <= msatToSatFloor(latest(durable).local.spec.toLocalMsat) &&
  offeredVariants(closeOf(durable, close)).length > 0

const feeAt = (durable: Funded, draft: SignedClose, feerate: FeeratePerKw): Sat =>
  feeForWeight(feerate, weightOf(durable, draft))

/** BIP 125: a replacement also pays for its own relay. */
const increment = (durable: Funded, draft: SignedClose): Sat =>
  largest(feeForWeight(FEERATE_FLOOR, weightOf(durable, draft)), 1n)

// An output of the peer's that is dust is not there. Ours is, unless we have less: the fee is then all that we have, whatever it weighs.
const weightOf = (durable: Funded, { localScript, remoteScript }: SignedClose): number => {
  const { localParams, local } = latest(durable)
  const hasRemote = local.spec.toRemoteMsat >= dustLimit(remoteScript) * MSAT_PER_SAT
  return closingWeight(localParams.format, hasRemote ? [localScript, remoteScript] : [localScript])
}

/** The operator's script is what the peer is told now. */
export const tellScript = <D extends Funded>(durable: D): D => {
  const { closingScript, ...rest } = durable
  return closingScript === undefined ? durable : ({ ...rest, localShutdown: closingScript } as unknown as D)
}

/** Whether the operator has asked for a replacement of the close that both have signed, and the peer has not been asked. */
export const wantsReplacement = (durable: Closing, session: Session, env: ChannelEnv): boolean => {
  const { mutual, publishLocal, spends } = durable.closing
  const isOpen = mutual !== undefined && !publishLocal && spends.every(({ confirmedAt }) => confirmedAt === undefined)
  return isOpen && closesSimply(session, env) && nextOffer(durable, env) !== undefined
}
