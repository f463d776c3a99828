import { SEQUENCE_REPLACEABLE, type Tx } from '../../../core/src/bitcoin/transaction.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { ClosingComplete } from '../../../core/src/wire/messages/channel-close.ts'
import type { Message } from '../../../core/src/wire/messages/message.ts'

/** Who proposed which close, as the wire shows it: BOLT 2, option_simple_close: the closer pays. */
export class Closers {
  readonly #proposals: { readonly host: string; readonly close: ClosingComplete }[] = []

  sent(host: string, message: Message): void {
    if (message.type === 'closing_complete') this.#proposals.push({ host, close: message })
  }

  /** The hosts that have proposed to pay so much for such a close: two if both have. */
  payersOf(tx: Tx, feeSat: bigint): readonly string[] {
    if (tx.inputs.some(({ sequence }) => sequence !== SEQUENCE_REPLACEABLE)) return []
    const fitting = this.#proposals.filter(({ close }) => {
      const scripts = [close.closerScriptpubkey, close.closeeScriptpubkey].map(toHex)
      const pays = tx.outputs.every(({ script }) => scripts.includes(toHex(script)))
      // What is less than a satoshi goes to the miner, too.
      return pays && close.locktime === tx.lockTime && close.feeSatoshis <= feeSat
    })
    const [highest, ...others] = fitting.toSorted((a, b) => Number(b.close.feeSatoshis - a.close.feeSatoshis))
    if (highest === undefined) return []
    const same = others.filter(({ close }) => close.feeSatoshis === highest.close.feeSatoshis)
    return [highest, ...same].map(({ host }) => host)
  }
}
