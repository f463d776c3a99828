import { counted } from '../../lib/counted.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { Publisher } from '../publishing/publisher.ts'
import type { Rescan } from '../wallet/rescan.ts'

interface FeeSources {
  readonly publisher: Pick<Publisher, 'shortages'>
  readonly wallet: Pick<Wallet, 'balance' | 'anchorReserve'>
}

/** What the wallet lacks now for claims under way, by when; and what it would lack if a channel had to be closed alone. */
export const feeWarnings = ({ publisher, wallet }: FeeSources): readonly string[] => {
  const short = publisher.shortages()
  if (short.length > 0) {
    const needed = short.reduce((sum, each) => sum + (each.needed - each.available), 0n)
    const deadlines = short.flatMap(({ deadline }) => deadline ?? [])
    const by = deadlines.length === 0 ? '' : ` before block ${Math.min(...deadlines)}`
    return [
      `the wallet cannot pay the fees of ${counted(short.length, 'claim')} of closing channels: about ${needed} sat are missing. To do: ` +
        `send them to an address of the wallet${by}; the claims are made as soon as they are in a block`,
    ]
  }
  const reserve = wallet.anchorReserve()
  const { spendable } = wallet.balance()
  if (spendable >= reserve) return []
  return [
    `the wallet has ${spendable} sat to spend, and closing a channel alone may need ${reserve} sat in fees. To do: send it some, ` +
      'or HTLCs may be lost when fees rise',
  ]
}

/** Why nothing is sent or opened, and until when. */
export const rescanWarning = ({ progress }: Pick<Rescan, 'progress'>): readonly string[] =>
  progress === undefined || progress.isDone
    ? []
    : [
        `the wallet looks through blocks for its coins: ${progress.next} of ${progress.to}, from ${progress.from} on. To do: wait; ` +
          'nothing is sent, and no channel is opened, until then',
      ]
