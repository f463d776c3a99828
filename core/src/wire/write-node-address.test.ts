import test from 'ava'
import { toHex } from '../lib/bytes.ts'
import { readAddresses } from './node-address.ts'
import { typeOfHost, writeAddresses } from './write-node-address.ts'

const TOR = '2dinbugq2dinbugq2dinbugq2dinbugq2dinbugq2dinbugq2dikxtid.onion'

test('BOLT 7, node_announcement — ours has its addresses in ascending order of their types', (t) => {
  const places = [
    { host: 'example.org', port: 9735 },
    { host: TOR, port: 9735 },
    { host: '2001:db8::1', port: 4779 },
    { host: '192.0.2.1', port: 9735 },
  ]
  const read = readAddresses(writeAddresses(places))
  t.true(read.ok)
  if (!read.ok) return
  t.deepEqual(read.value.addresses, [
    { type: 'ipv4', host: '192.0.2.1', port: 9735 },
    { type: 'ipv6', host: '2001:db8:0:0:0:0:0:1', port: 4779 },
    { type: 'tor-v3', host: TOR, port: 9735 },
    { type: 'dns', host: 'example.org', port: 9735 },
  ])
  t.is(toHex(writeAddresses([{ host: '192.0.2.1', port: 9735 }])), '01c00002012607')
})

test('a host is an IPv4 or IPv6 address, a Tor v3 service or a name, or nothing that can be announced', (t) => {
  const hosts: Readonly<Record<string, string | undefined>> = {
    '1.2.3.4': 'ipv4',
    '1.2.3.256': undefined,
    '::': 'ipv6',
    '::1': 'ipv6',
    'fe80::1:2': 'ipv6',
    '1:2:3:4:5:6:7:8': 'ipv6',
    '1:2:3:4:5:6:7': undefined,
    '1:2:3:4:5:6:7::8': undefined,
    '1::2::3': undefined,
    '1:2:3:4:5:6:7:g': undefined,
    [TOR]: 'tor-v3',
    [`${'a'.repeat(56)}.onion`]: undefined,
    'abcdefghijklmnop.onion': undefined,
    'node.example.org': 'dns',
    'münchen.example': undefined,
    '-a.example': undefined,
    '': undefined,
    [`${'a'.repeat(64)}.org`]: undefined,
  }
  for (const [host, type] of Object.entries(hosts)) t.is(typeOfHost(host), type as ReturnType<typeof typeOfHost>, host)
})
