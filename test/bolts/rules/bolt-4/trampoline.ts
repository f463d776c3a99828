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
        {
          rule: 'a payee of BOLT 12 that offers trampoline is told, along its blinded path, by the inner onion',
          lines: [],
          notBuilt: 'such an invoice is not paid by a trampoline node: the command is refused, and names the reason',
        },
        'each hop of the inner onion is told an amount and an expiry, the trampoline node who is next, and the payee the invoice’s secret',
        'the last hop of the outer onion has the inner one, with another payment secret and another session key',
        'a node that is none fails the HTLC',
        'all parts have to be here before anything goes on',
        'the next trampoline node is given the rest of the inner onion',
        'a payment with paths of its recipient goes on over these',
        'what goes on has a payment secret of its own',
        {
          rule: 'within a blinded path of trampoline nodes the inner onion goes on by its encrypted data',
          lines: [],
          notBuilt:
            'the HTLC is given back: with temporary_trampoline_failure where the path would begin, with invalid_onion_blinding further on',
        },
        'too low a fee, or too few blocks, are answered with what it takes',
        'a failure before the next trampoline node is told in our own words, and one of that node is passed on as it came',
        'the payer reads a failure with the secrets of both onions',
        'the payee takes nothing that expires earlier, or is less, than its sender meant',
      ],
    },
  ],
}
