import type { Topic } from '../rule.ts'

/** Trampoline payments: of lightning/bolts 836 (head 644b82f), which is not in the text yet. So no lines are noted. */
export const TRAMPOLINE: Topic = {
  parts: [],
  sections: [
    {
      section: 'trampoline payments',
      rules: [
        'a payee is paid by trampoline only if it offers that',
        'a node that does not say that it is a trampoline node is paid by as none',
        'a payee of blinded paths is paid by telling some of them to the last trampoline node',
        'each hop of the inner onion is told an amount and an expiry, the trampoline node who is next, and the payee the invoice’s secret',
        'the last hop of the outer onion has the inner one, with another payment secret and another session key',
        'a node that is none fails the HTLC',
        'all parts have to be here before anything goes on',
        'the next trampoline node is given the rest of the inner onion',
        'a payment with paths of its recipient goes on over these',
        'what goes on has a payment secret of its own',
        'the payee takes nothing that expires earlier, or is less, than its sender meant',
      ],
    },
  ],
}
