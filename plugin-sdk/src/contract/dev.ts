import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command } from './define.ts'
import { field } from './field.ts'
import { Address, BlockHeight, integer, Sat, TxId } from './scalars.ts'

export const dev = actor('dev', 'A development network and its play money. Every other node answers `not-supported`.', {
  mine: command({
    summary: 'Mines blocks on the embedded chain, and answers when this node has handled them.',
    request: z.strictObject({ blocks: integer(1, 1_000, `${DEFAULTS.minedBlocks} if not said.`).optional() }),
    reply: z.object({ blockHeight: BlockHeight }),
    effects: [],
    access: 'operator',
    positional: ['blocks'],
  }),
  fund: command({
    summary: 'Pays play money from the faucet, and mines the block that holds it.',
    request: z.strictObject({
      amountSat: Sat,
      address: field(Address, {
        summary: "An on-chain address; a fresh one of this node's wallet if not said.",
      }).optional(),
    }),
    reply: z.object({ address: Address, txid: TxId, blockHeight: BlockHeight }),
    errors: ['address-invalid', 'amount-out-of-bounds'],
    effects: [],
    unbounded: {
      amountSat: 'It is play money, and comes from the faucet.',
      address: 'It is paid from the faucet: nothing of ours goes there.',
    },
    access: 'operator',
    positional: ['amountSat', 'address'],
  }),
})
