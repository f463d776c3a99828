import type { Topic } from '../rule.ts'

/** Invoices, and what is said instead of one. */
export const INVOICES: Topic = {
  parts: [
    { part: 'Invoices', from: 583, musts: 48 },
    { part: 'Invoice errors', from: 860, musts: 3 },
  ],
  sections: [
    {
      section: 'invoices written',
      rules: [
        {
          rule: 'the invoice of a request says all that it has to, and is read',
          lines: [719, 721, 730, 743, 752, 753, 754, 755],
        },
        {
          rule: 'all fields of the request go along but its signature, those too that we do not know',
          lines: [725, 736],
        },
        { rule: 'the amount is that of the request, or what the offer asks for', lines: [727, 729] },
        {
          rule: 'it is signed by the key that the offer names, our node’s or the offer’s own',
          lines: [733, 737],
        },
        {
          rule: 'it names the last id of the path that a request for an offer without an id came by',
          lines: [735],
          notOurs: 'Our offers all have an id.',
        },
        { rule: 'it says whether a payment may come in parts, or has to', lines: [710, 739, 741] },
        { rule: 'a fallback address is a witness version and its program', lines: [749] },
      ],
    },
    {
      section: 'invoices read',
      rules: [
        { rule: 'one without amount, time, hash or node id is refused', lines: [759, 760, 761, 762] },
        { rule: 'one for another chain is refused', lines: [764, 766] },
        { rule: 'an unknown odd feature is ignored, and an unknown even one refused', lines: [768, 770] },
        { rule: 'one is refused after its expiry, which is 7200 seconds if it says none', lines: [772, 774] },
        {
          rule: 'one without paths, with a path of no hops, or with other than one cost for each path is refused',
          lines: [775, 776, 777, 778],
        },
        {
          rule: 'a path whose costs have an unknown even feature is not used, and without another the invoice is refused',
          lines: [780, 781],
        },
        {
          rule: 'the answer to a request has the same fields, the unknown ones too, and its amount',
          lines: [783, 799],
        },
        {
          rule: 'the answer to an offer is signed by its issuer, or by the id that the request was sent to',
          lines: [785, 787],
        },
        { rule: 'one that its node has not signed is refused', lines: [790] },
        { rule: 'fallback addresses of no use are ignored', lines: [803, 804, 805] },
        {
          rule: 'one comes by the reply path, by a path of the refund, or by none for a refund without paths',
          lines: [807, 809, 811],
        },
        'any bytes are read or refused, never thrown at, and what is read is written the same',
      ],
    },
    {
      section: 'invoice errors',
      rules: [{ rule: 'an error has words, and suggests a value for a field alone', lines: [883, 891] }],
    },
  ],
}
