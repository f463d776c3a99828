import test from 'ava'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { toHex } from '../../lib/bytes.ts'
import { formatShortChannelId, shortChannelId } from '../../lib/ids.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import { givenRoutes } from './given-routes.ts'

const OURS = shortChannelId({ blockHeight: 100, txIndex: 1, outputIndex: 0 })
const OTHER = shortChannelId({ blockHeight: 100, txIndex: 2, outputIndex: 0 })
const CAROL = new Uint8Array(33).fill(3)
const DAVE = new Uint8Array(33).fill(4)

const { alice, bob } = new TwoParties().ready()
const { channelId } = alice.funded.params
const directory = new ChannelDirectory()
directory.put({ channelId, shortIds: [OURS] }, {
  ref: {},
  remoteNodeId: bob.nodeId,
  state: alice.state,
  durableState: alice.state,
  quarantined: false,
  spentInMempool: false,
} as unknown as ChannelEntry)

/** Over bob, who keeps what is between the two amounts. */
const by = (sentMsat: bigint, receivedMsat: bigint, destination = CAROL, first = OURS) =>
  [
    {
      nodeId: toHex(bob.nodeId),
      shortChannelId: formatShortChannelId(first),
      amountMsat: sentMsat,
      cltvExpiryDelta: 100,
    },
    {
      nodeId: toHex(destination),
      shortChannelId: formatShortChannelId(OTHER),
      amountMsat: receivedMsat,
      cltvExpiryDelta: 60,
    },
  ] as const

const GIVEN = { paymentHash: '11'.repeat(32), paymentSecret: '22'.repeat(32), route: by(1_010n, 1_000n) }

const ask = (more: Partial<Parameters<typeof givenRoutes>[0]>) => givenRoutes({ ...GIVEN, ...more }, directory, 500)

test('sendToRoute — each route is a part: what arrives and what the relays keep are the sums over all', (t) => {
  const given = ask({ moreRoutes: [by(2_030n, 2_000n), by(3_003n, 3_000n)] })
  if (!given.ok) return t.fail()
  const { routes, amountMsat, feesMsat } = given.value
  t.deepEqual(
    routes.map(({ hops }) => hops.map((hop) => [hop.amountMsat, hop.cltvExpiry])),
    [
      [
        [1_010n, 600],
        [1_000n, 560],
      ],
      [
        [2_030n, 600],
        [2_000n, 560],
      ],
      [
        [3_003n, 600],
        [3_000n, 560],
      ],
    ],
  )
  for (const route of routes) t.deepEqual(route.channelId, channelId)
  t.is(amountMsat, 6_000n)
  t.is(feesMsat, 43n)
})

for (const [what, more, refused] of [
  [
    'a part that goes elsewhere',
    { moreRoutes: [by(2_030n, 2_000n), by(3_003n, 3_000n, DAVE)] },
    { code: 'invalid-route', field: 'moreRoutes.1' },
  ],
  [
    'a part that grows on its way',
    { moreRoutes: [by(2_000n, 2_001n)] },
    { code: 'invalid-route', field: 'moreRoutes.0.1' },
  ],
  [
    'a part over a channel that is not ours',
    { moreRoutes: [by(2_030n, 2_000n), by(3_003n, 3_000n, CAROL, OTHER)] },
    { code: 'channel-not-found', field: 'moreRoutes.1.0.shortChannelId' },
  ],
  [
    'a total below the sum of the parts',
    { moreRoutes: [by(2_030n, 2_000n)], totalAmountMsat: 2_999n },
    { code: 'invalid-route', field: 'totalAmountMsat' },
  ],
] as const) {
  test(`sendToRoute — refuses ${what}, and says where`, (t) => {
    t.like(ask(more), { ok: false, error: refused })
  })
}

test('sendToRoute — a total above the sum is for parts that come from elsewhere', (t) => {
  t.like(ask({ moreRoutes: [by(2_030n, 2_000n)], totalAmountMsat: 9_000n }), {
    ok: true,
    value: { amountMsat: 3_000n },
  })
})
