import type { AskFailure } from '../../actor/types.ts'
import { satPerVbyte } from '../../bitcoin/fees.ts'
import type { CommandError, Feerates } from '../../channel/index.ts'
import { assertNever } from '../../lib/errors.ts'
import type { WalletError } from '../../wallet/wallet.ts'
import type { ReadFailure } from '../backup/channel-backups.ts'
import type { PeerFailure } from '../peer/peer-protocol.ts'
import { MAX_FEE_BASE_MSAT, MAX_FEE_PROPORTIONAL_MILLIONTHS } from '../settings.ts'
import { refusal } from './handlers.ts'
import { coinRefusal, rescanRefusal, shortRefusal } from './wallet-refusals.ts'

export const channelNotFound = () =>
  refusal('channel-not-found', 'no open or closing channel has this id', { field: 'channelId' })

export const channelBackupRefusal = (failure: ReadFailure) => {
  const field = { field: 'path' } as const
  switch (failure.code) {
    case 'channel-backup-unreadable':
      return refusal(failure.code, `the file cannot be read: ${failure.reason}`, field)
    case 'channel-backup-invalid':
      return refusal(failure.code, 'the file is no static backup of channels, or not a whole one', field)
    case 'channel-backup-too-new':
      return refusal(failure.code, 'a later version of the program has made it: use that one, or a later', field)
    case 'channel-backup-foreign':
      return refusal(
        failure.code,
        'the file was changed since it was made, or other words, or those of another network, have made it: put back the words first (fulgurite seed restore)',
        field,
      )
    default:
      return assertNever(failure, 'why a backup is not read')
  }
}

export const notAnnounced = () =>
  refusal('not-supported', 'this node takes no part in the gossip of the network', { field: 'announce' })

export const dearer = () =>
  refusal('fee-limit-exceeded', 'closing the channel costs more now than when the command was checked: ask again')

export const feesOutOfBounds = (base: bigint, proportional: number) => {
  if (base > MAX_FEE_BASE_MSAT) {
    return refusal('fee-out-of-bounds', `expected at most ${MAX_FEE_BASE_MSAT} msat`, { field: 'feeBaseMsat' })
  }
  if (proportional > MAX_FEE_PROPORTIONAL_MILLIONTHS) {
    return refusal('fee-out-of-bounds', `expected at most ${MAX_FEE_PROPORTIONAL_MILLIONTHS} parts per million`, {
      field: 'feeProportionalMillionths',
    })
  }
  return undefined
}

/** Why a channel, or its peer, has not answered. */
export const unanswered = ({ code }: AskFailure) => {
  switch (code) {
    case 'mailbox-full':
      return refusal(code, 'the channel is too busy; try again later')
    case 'ask-timeout':
      return refusal('outcome-unknown', 'the channel took the command and has not answered yet')
    case 'actor-stopped':
      return channelNotFound()
    case 'unknown-command':
    case 'handler-failed':
      return refusal('internal', 'a bug; the log of the node says more')
    default:
      return assertNever(code, 'failure')
  }
}

/** Why a peer's actor did not come to open a channel. */
export const openingUnanswered = (failure: AskFailure) => {
  const why = unanswered(failure)
  return why.code === 'channel-not-found' ? openingBrokenOff('outcome-unknown') : why
}

export const openingBrokenOff = (code: PeerFailure['code']) => {
  switch (code) {
    case 'peer-not-connected':
      return refusal('peer-disconnected', 'the peer went away while the channel was opened')
    case 'peer-not-answering':
      return refusal('peer-disconnected', 'the peer did not answer in time: the opening was given up')
    case 'outcome-unknown':
      return refusal('outcome-unknown', 'the opening was broken off at the last moment: look at the list of channels')
  }
}

/** Why the wallet cannot fund an opening: found out before the peer is asked. */
export const unfundedRefusal = (error: WalletError) => {
  switch (error.code) {
    case 'amount-too-small':
      return refusal('funding-too-small', `expected at least ${error.minimum} sat`, { field: 'fundingSat' })
    case 'coin-unavailable':
      return coinRefusal(error)
    default:
      return shortRefusal(error, 'fundingSat')
  }
}

/** Why an opening failed. */
export const openRefusal = (error: CommandError<'open'>, feerates: Feerates) => {
  switch (error.code) {
    case 'funding-too-small':
      return refusal(error.code, `expected at least ${error.bound} sat`, { field: 'fundingSat' })
    case 'funding-too-large':
      return refusal(error.code, `expected at most ${error.bound} sat`, { field: 'fundingSat' })
    case 'push-exceeds-funding':
      return refusal('push-too-large', 'expected at most the funding: nobody can give away more than is put in', {
        field: 'pushMsat',
      })
    case 'funder-cannot-pay-fee':
      return refusal('funding-too-small', `${error.missing} sat more are needed for the commitment's fee`, {
        field: 'fundingSat',
      })
    case 'funding-failed':
      if (error.reason === 'fee-limit-exceeded') {
        return refusal(error.reason, 'the funding transaction would pay more than maxFeeSat', { field: 'maxFeeSat' })
      }
      if (error.reason === 'anchor-reserve') {
        return refusal(error.reason, 'the wallet has paid out meanwhile: less would be left than its channels need', {
          field: 'fundingSat',
        })
      }
      if (error.reason === 'rescan-under-way') return rescanRefusal()
      if (error.reason === 'coin-unavailable') {
        return refusal(error.reason, 'one of them was spent or set aside while the peer was asked', { field: 'coins' })
      }
      return refusal('insufficient-funds', `the wallet could not fund it: ${error.reason}`, { field: 'fundingSat' })
    case 'announcement-not-supported':
      return refusal('terms-refused', 'a channel whose id is hidden cannot be announced', { field: 'announce' })
    case 'rejected':
      return refusal('refused-by-peer', error.reason)
    case 'peer-error':
      return refusedByPeer(error.text, feerates)
    case 'disconnected':
      return refusal('peer-disconnected', 'the peer went away while the channel was opened')
    default: {
      // Ours: the peer has refused nothing.
      const { code, ...details } = error
      const shown = Object.entries(details).filter(([, value]) => ['bigint', 'number', 'string'].includes(typeof value))
      const message = `this node refused it: ${code.replaceAll('-', ' ')}`
      return refusal('terms-refused', message, {
        details: { refusal: code, ...Object.fromEntries(shown.map(([name, value]) => [name, `${value}`])) },
      })
    }
  }
}

/** The peer's message; and, as this may be the reason, that our commitments pay less than estimates ask for. */
const refusedByPeer = (text: string, { commitment, closing }: Feerates) => {
  const said = text === '' ? 'the peer refused it' : text
  return commitment >= closing
    ? refusal('refused-by-peer', said)
    : refusal(
        'refused-by-peer',
        `${said} (our commitments pay ${commitment} sat/kw at most, the estimate is ${closing}: --max-commitment-feerate)`,
        { details: { commitmentFeerate: `${commitment}`, estimate: `${closing}` } },
      )
}

export const closeRefusal = (error: CommandError<'close'>) => {
  switch (error.code) {
    case 'closing-in-progress':
      return alreadyClosing()
    // Not there yet, or over.
    case 'wrong-phase':
      return channelNotFound()
    case 'invalid-shutdown-script':
      return refusal('address-invalid', 'a channel can only pay to a segwit address that the peer knows', {
        field: 'address',
      })
    case 'shutdown-script-is-fixed':
      return refusal(
        'address-fixed',
        'the peer was told where our share goes, by a promise at the opening or by this close, and signs for no other address',
        { field: 'address' },
      )
    case 'close-not-replaceable':
      return refusal(
        error.code,
        'both sides have signed, and the peer signs no other close: spend what it pays to us with a higher fee to speed it up',
      )
    case 'replacement-too-cheap':
      return refusal(
        'fee-limit-exceeded',
        `a close that replaces the last must pay at least ${satPerVbyte(error.neededFeeratePerKw)} sat per vbyte`,
        { field: 'feerate', details: { needed: `${error.neededFeeratePerKw}` } },
      )
    default:
      return assertNever(error, 'refusal')
  }
}

export const forceCloseRefusal = (error: CommandError<'force-close'>) => {
  switch (error.code) {
    case 'publication-forbidden':
      return refusal(
        'already-closing',
        'our commitment is out of date and would be punished: the peer closes the channel',
      )
    case 'state-in-doubt':
      return refusal(
        error.code,
        'the database was put back, and the peer may know a later state: whoever publishes an old one loses all that is in the channel. Wait for the peer; if it never comes back, --even-if-old takes the risk',
        { field: 'evenIfOld' },
      )
    // It is over.
    case 'wrong-phase':
      return channelNotFound()
    default:
      return assertNever(error, 'refusal')
  }
}

export const setRelayFeesRefusal = ({ phase }: CommandError<'set-relay-fees'>) =>
  phase === 'closing' ? alreadyClosing() : channelNotFound()

const alreadyClosing = () => refusal('already-closing', 'the channel is closing already')

/** Why the fees of a close are not raised. */
export const notClosing = () =>
  refusal('not-closing', 'nothing of the channel is on its way to the chain', { field: 'channelId' })

export const shortOfFees = ({ needed, available }: { readonly needed: bigint; readonly available: bigint }) =>
  refusal('insufficient-funds', `${needed} sat are needed, and the wallet has ${available} in blocks`, {
    details: { needed: `${needed}`, available: `${available}` },
  })
