import { channelsHandlers } from './channels-handlers.ts'
import type { MappingContext } from './context.ts'
import { eventsHandlers } from './events-handlers.ts'
import type { Gateway } from './gateway.ts'
import { invoicesHandlers } from './invoices-handlers.ts'
import { nodeHandlers } from './node-handlers.ts'
import { paymentsHandlers } from './payments-handlers.ts'
import { peersHandlers } from './peers-handlers.ts'
import { walletHandlers } from './wallet-handlers.ts'

/** Opens the contract's actors that the node itself answers; `plugins` is joined by whoever hosts them. */
export const joinHandlers = (gateway: Gateway, context: MappingContext): void => {
  gateway.join('node', nodeHandlers(context))
  gateway.join('peers', peersHandlers(context))
  gateway.join('channels', channelsHandlers(context))
  gateway.join('payments', paymentsHandlers(context))
  gateway.join('invoices', invoicesHandlers(context))
  gateway.join('wallet', walletHandlers(context))
  gateway.join('events', eventsHandlers(context))
}
