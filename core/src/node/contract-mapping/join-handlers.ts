import { err } from '../../lib/result.ts'
import { estimatedFeerate } from '../chain/feerates.ts'
import { channelsHandlers } from './channels-handlers.ts'
import type { MappingContext } from './context.ts'
import { eventsHandlers } from './events-handlers.ts'
import type { Gateway } from './gateway.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import { invoicesHandlers } from './invoices-handlers.ts'
import { nodeHandlers } from './node-handlers.ts'
import { offersHandlers } from './offers-handlers.ts'
import { offersRecalls } from './pay-offer.ts'
import { paymentsHandlers, paymentsRecalls } from './payments-handlers.ts'
import { peersHandlers } from './peers-handlers.ts'
import { probeHandlers, probeRecalls } from './probe-handlers.ts'
import { refundsHandlers } from './refunds-handlers.ts'
import { routeSearch } from './route-search.ts'
import { routerHandlers } from './router-handlers.ts'
import { walletHandlers } from './wallet-handlers.ts'
import { weightHandlers } from './weight-handlers.ts'
import { channelsRules } from './worst-cases/channels-rules.ts'
import { offersRules } from './worst-cases/offers-rules.ts'
import { paymentsRules } from './worst-cases/payments-rules.ts'
import { refundsRules } from './worst-cases/refunds-rules.ts'
import { routerRules } from './worst-cases/router-rules.ts'
import type { SpendingKnowledge } from './worst-cases/spending-rule.ts'
import { walletRules } from './worst-cases/wallet-rules.ts'

// A development network joins its own in place of these.
const noDevHandlers: ActorHandlers<'dev'> = {
  mine: () => Promise.resolve(err(noDevnet)),
  fund: () => Promise.resolve(err(noDevnet)),
}

const noDevnet = refusal('not-supported', 'this node is on no development network: fulgurite start --devnet')

/** Opens the contract's actors that the node itself answers; `plugins` is joined by whoever hosts them. */
export const joinHandlers = (gateway: Gateway, context: MappingContext): void => {
  const known: SpendingKnowledge = {
    network: context.options.network,
    settings: context.settings,
    feerates: context.feerates,
    estimateFeerate: estimatedFeerate(context.options),
    invoice: (text) => context.invoices.read(text),
    wallet: context.wallet,
    channels: context.channelDirectory,
    publisher: context.publisher,
  }
  gateway.join('node', nodeHandlers(context))
  gateway.join('peers', peersHandlers(context))
  gateway.join('channels', channelsHandlers(context), known, channelsRules)
  gateway.join('payments', paymentsHandlers(context), known, paymentsRules, paymentsRecalls(context))
  gateway.join('invoices', invoicesHandlers(context))
  gateway.join('offers', offersHandlers(context), known, offersRules, offersRecalls(context))
  gateway.join('refunds', refundsHandlers(context), known, refundsRules)
  const search = routeSearch(context)
  const router = {
    ...routerHandlers(context, search),
    ...probeHandlers(context, search),
    ...weightHandlers(context, gateway.plugins),
  }
  gateway.join('router', router, known, routerRules, probeRecalls(context))
  gateway.join('wallet', walletHandlers(context), known, walletRules)
  gateway.join('events', eventsHandlers(context))
  gateway.join('dev', noDevHandlers)
}
