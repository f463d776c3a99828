import { BY_THE_NODE } from './bolt-12/by-the-node.ts'
import { INVOICES } from './bolt-12/invoices.ts'
import { OFFERS } from './bolt-12/offers.ts'
import { REQUESTS } from './bolt-12/requests.ts'
import { joinTopics } from './join-topics.ts'

/** Offers, invoice requests and invoices. */
export const BOLT_12 = joinTopics(
  12,
  { commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff', file: '12-offer-encoding.md' },
  [OFFERS, REQUESTS, INVOICES, BY_THE_NODE],
)
