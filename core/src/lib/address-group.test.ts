import test from 'ava'
import { addressGroup, addressNetwork } from './address-group.ts'

for (const [address, group] of [
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:0DB8:1:0002:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
] as const) {
  test(`${address || 'no address'} belongs to ${group || 'a group of its own'}`, (t) => {
    t.is(addressGroup(address), group)
  })
}

for (const [address, network] of [
  ['203.0.113.7', undefined],
  ['::ffff:203.0.113.7', undefined],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['', undefined],
] as const) {
  test(`${address || 'no address'} is in ${network ?? 'no network that counts'}`, (t) => {
    t.is(addressNetwork(address), network)
  })
}
