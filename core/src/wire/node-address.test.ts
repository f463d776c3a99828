import test from 'ava'
import { fromHex } from '../lib/bytes.ts'
import { readAddresses } from './node-address.ts'

const IPV4 = '01c00002012607'
const IPV6 = '0220010db800000000000000000000000112ab'
const HOST = `050b${Buffer.from('example.org').toString('hex')}2607`
const TOR_V2 = '03112233445566778899aa2607'
const TOR_V3 = `04${'d0'.repeat(32)}abcd032607`
// What another implementation of RFC 4648 makes of these bytes.
const TOR_NAME = '2dinbugq2dinbugq2dinbugq2dinbugq2dinbugq2dinbugq2dikxtid'

const read = (...descriptors: readonly string[]) => readAddresses(fromHex(descriptors.join('')))

test('addresses — every known type is read, in its order', (t) => {
  t.deepEqual(read(IPV4, IPV6, TOR_V2, TOR_V3, HOST), {
    ok: true,
    value: {
      addresses: [
        { type: 'ipv4', host: '192.0.2.1', port: 9735 },
        { type: 'ipv6', host: '2001:db8:0:0:0:0:0:1', port: 4779 },
        { type: 'tor-v3', host: `${TOR_NAME}.onion`, port: 9735 },
        { type: 'dns', host: 'example.org', port: 9735 },
      ],
      hasManyHostnames: false,
    },
  })
})

test('BOLT 7, node_announcement — the first address of an unknown type is ignored, and what follows it', (t) => {
  t.like(read(IPV4, '00', IPV6), { value: { addresses: [{ host: '192.0.2.1' }] } })
  t.like(read(IPV4, '06ffff', IPV6), { ok: true, value: { addresses: [{ type: 'ipv4' }] } })
  t.deepEqual(read('09'), { ok: true, value: { addresses: [], hasManyHostnames: false } })
})

test('BOLT 7, node_announcement — an address that is cut off is a fault of its sender', (t) => {
  for (const part of [IPV4, IPV6, TOR_V2, TOR_V3, HOST]) {
    for (const cut of [2, part.length - 2]) {
      t.deepEqual(read(part.slice(0, cut)), { ok: false, error: 'truncated-address' })
    }
  }
})

test('BOLT 7, node_announcement — addresses without a port and of Tor v2 are ignored', (t) => {
  t.deepEqual(read('01c00002010000', TOR_V2, '05002607', '0502c3a92607'), {
    ok: true,
    value: { addresses: [], hasManyHostnames: true },
  })
})

test('BOLT 7, node_announcement — of several hostnames the first one counts, and the announcement is not forwarded', (t) => {
  t.like(read(HOST, HOST.replace('0b65', '0b66')), {
    value: { addresses: [{ host: 'example.org' }], hasManyHostnames: true },
  })
  t.like(read(HOST), { value: { hasManyHostnames: false } })
})
