import type { Topic } from '../rule.ts'

/** How a payment fails, and how its origin reads that. */
export const FAILURES: Topic = {
  parts: [
    { part: 'Erring node', from: 1041, musts: 1 },
    { part: 'Intermediate nodes, the return packet', from: 1174, musts: 2 },
    { part: 'Origin node', from: 1178, musts: 0 },
    { part: 'Failure messages', from: 1236, musts: 0 },
    { part: 'Failure messages, requirements', from: 1439, musts: 37 },
    { part: 'Receiving failure codes', from: 1553, musts: 2 },
    { part: 'max_htlc_cltv', from: 1762, musts: 0 },
  ],
  sections: [
    {
      section: 'returning errors',
      rules: [
        'each packet of the trace, and its failure with unknown records',
        { rule: 'a failure and its padding have 256 bytes, or as many as the failure has', lines: [1121] },
        {
          rule: 'a failure from downstream goes upstream as it came, in one more layer',
          lines: [1175, 1176],
        },
        'the origin finds which hop failed, on routes of any length',
        'a failure that was changed on its way, or is not for this route, is unreadable',
      ],
    },
    {
      section: 'failure messages',
      rules: [
        { rule: 'each has its code and the data that belong to it', lines: [1440, 1441, 1463, 1558] },
        {
          rule: 'within a blinded route a relay tells that something is wrong with it, and no more',
          lines: [1458, 1460],
        },
        {
          rule: 'the last node tells nothing of an onion that it cannot read',
          lines: [1467, 1469, 1471],
          notOurs: 'Who cannot read an onion does not know whether it is the last node.',
        },
        {
          rule: 'the payee tells nothing that only a relay may',
          lines: [1473, 1477, 1480, 1483, 1485, 1489, 1498, 1501, 1503],
        },
        {
          rule: 'a relay tells nothing that only the payee may',
          lines: [1508, 1511, 1515, 1518, 1521, 1526, 1529, 1531],
        },
        {
          rule: 'the payee refuses as unknown what lacks the right secret, is too little or too near its expiry, or what nobody asked for',
          lines: [388, 1513, 1514, 1516, 1517, 1519, 1520, 1527, 1528],
        },
        {
          rule: 'the payee says of an HTLC that ends sooner or is less than its payload that it does',
          lines: [1530, 1532],
        },
        {
          rule: 'a relay refuses with the failure that fits, its data, and our update by the name that the sender used where it corrects',
          lines: [1533, 1534],
        },
      ],
    },
    {
      section: 'receiving failure codes',
      rules: [
        { rule: 'an update in a failure counts for its payment alone', lines: [1579] },
        'what the payee refuses for good is not tried again',
        'a passing trouble of the payee has another way tried',
        'a node that fails as a whole is not gone through again',
        'a failure that names a channel has the next way tried',
        'a relay that asks for more and proves it gets what it asks for, once',
        'an update that the relay did not sign, or of another channel, changes nothing',
      ],
    },
    {
      section: 'max_htlc_cltv',
      rules: ['it is 2016 blocks, for what is relayed and for what we send'],
    },
  ],
}
