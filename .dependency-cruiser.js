// The plan of the house: which room may import which. A room that is not in another's list is out of its reach.

/** For each room of core/src: the rooms it may import, itself aside. */
const ROOMS = {
  lib: [],
  actor: ['lib'],
  crypto: ['lib'],
  bitcoin: ['lib', 'crypto'],
  dns: ['lib', 'crypto'],
  wire: ['lib', 'crypto', 'bitcoin'],
  onion: ['lib', 'crypto', 'bitcoin', 'wire'],
  invoice: ['lib', 'crypto', 'bitcoin', 'wire', 'onion'],
  store: ['lib'],
  channel: ['lib', 'crypto', 'bitcoin', 'wire'],
  graph: ['lib', 'crypto', 'bitcoin', 'wire', 'channel'],
  payment: ['lib', 'crypto', 'bitcoin', 'wire', 'onion', 'invoice', 'channel', 'graph'],
  chain: ['lib', 'crypto', 'bitcoin'],
  wallet: ['lib', 'crypto', 'bitcoin', 'chain'],
  node: [
    'lib',
    'actor',
    'crypto',
    'bitcoin',
    'dns',
    'wire',
    'onion',
    'invoice',
    'store',
    'channel',
    'graph',
    'payment',
    'chain',
    'wallet',
  ],
  plugins: ['lib', 'actor'],
  api: ['lib', 'actor'],
  cluster: ['lib', 'actor'],
  app: [
    'lib',
    'actor',
    'crypto',
    'bitcoin',
    'wire',
    'onion',
    'invoice',
    'store',
    'channel',
    'graph',
    'payment',
    'chain',
    'wallet',
    'node',
    'plugins',
    'api',
    'cluster',
  ],
  cli: ['lib'],
}

/** For each folder of core/src/node: the folders of it that it may import. The actors of one know those of another by their refs. */
const FOLDERS_OF_NODE = {
  storage: [],
  keys: [],
  connection: [],
  events: ['storage'],
  chain: ['storage', 'events'],
  wallet: ['storage', 'keys', 'events', 'chain'],
  publishing: ['storage', 'keys', 'events', 'chain'],
  channel: ['storage', 'keys', 'events', 'chain', 'publishing'],
  payment: ['storage', 'keys', 'events', 'chain', 'channel'],
  peer: ['storage', 'events', 'connection', 'channel', 'gossip'],
  gossip: ['storage', 'keys', 'connection', 'events', 'chain', 'publishing', 'channel'],
  'onion-messages': ['connection', 'channel', 'gossip', 'peer'],
  offers: ['storage', 'onion-messages'],
  routing: ['storage'],
  retention: ['storage', 'events', 'channel', 'payment'],
  backup: ['storage', 'keys', 'channel'],
  'contract-mapping': [
    'storage',
    'keys',
    'connection',
    'events',
    'chain',
    'wallet',
    'publishing',
    'channel',
    'payment',
    'peer',
    'gossip',
    'routing',
    'offers',
    'retention',
    'backup',
  ],
}

/**
 * For each folder of core/src/channel: the folders of it that it may import. Opening, operating and closing do not know each other: what
 * they share is `common`, and what stands in transitions/ itself leads an input to the right one.
 */
const FOLDERS_OF_CHANNEL = {
  commitment: [],
  claims: ['commitment'],
  state: ['commitment', 'claims'],
  commitments: ['commitment', 'state'],
  'transitions/common': ['commitment', 'claims', 'state', 'commitments'],
  'transitions/opening': ['commitment', 'state', 'commitments', 'transitions/common'],
  'transitions/operating': ['commitment', 'state', 'commitments', 'transitions/common'],
  'transitions/closing': ['commitment', 'claims', 'state', 'commitments', 'transitions/common'],
  persistence: ['commitment', 'claims', 'state', 'commitments'],
}

/** What stands beside them and any of them may import; what `node.ts` joins them with knows them all. */
const BESIDE_FOLDERS = ['contract-gateway', 'node-log', 'rationed-log', 'settings']

/** Files that a room may import beyond its list. */
const DOORS = {
  plugins: ['node/contract-gateway', 'node/node-log'],
  api: ['node/contract-gateway', 'node/node-log'],
  cluster: ['node/contract-gateway', 'node/node-log'],
  // Where the data folder keeps the address and the token, and what `start` can be asked for.
  cli: ['api/access', 'app/options'],
}

/** Rooms that are entered by their `index.ts` alone: how they are furnished is nobody else's concern. */
const WITH_FRONT_DOOR = ['channel']

const PURE_ROOMS = 'bitcoin|dns|wire|onion|invoice|channel|graph|payment'

/** What only tests import. The lists are about the product; tests may look into every room. */
const TESTS = ['\\.test\\.ts$', '/fixtures/', '^test/', '/transport-compliance\\.ts$']

const roomRule = ([room, allowed]) => {
  const rooms = [room, ...allowed].map((name) => `^core/src/${name}/`)
  const doors = (DOORS[room] ?? []).map((file) => `^core/src/${file}\\.ts$`)
  return {
    name: `room-${room}`,
    comment: `${room}/ may import ${allowed.length === 0 ? 'no other room' : allowed.join(', ')}.`,
    severity: 'error',
    from: { path: `^core/src/${room}/`, pathNot: [...TESTS, ...(room === 'cli' ? ['^core/src/cli/main\\.ts$'] : [])] },
    to: { path: '^core/src/', pathNot: [...rooms, ...doors] },
  }
}

const frontDoorRule = (room) => ({
  name: `front-door-${room}`,
  comment: `${room}/ is entered by its index.ts.`,
  severity: 'error',
  from: { path: `^core/src/(?!${room}/)`, pathNot: TESTS },
  to: { path: `^core/src/${room}/`, pathNot: `^core/src/${room}/index\\.ts$` },
})

const folderRule = ([folder, allowed]) => {
  const folders = [folder, ...allowed].map((name) => `^core/src/node/${name}/`)
  const beside = [...BESIDE_FOLDERS, ...(folder === 'contract-mapping' ? ['node-options'] : [])]
  return {
    name: `node-${folder}`,
    comment: `node/${folder}/ may import ${allowed.length === 0 ? 'no other folder of node/' : allowed.join(', ')}.`,
    severity: 'error',
    from: { path: `^core/src/node/${folder}/`, pathNot: TESTS },
    to: { path: '^core/src/node/', pathNot: [...folders, ...beside.map((file) => `^core/src/node/${file}\\.ts$`)] },
  }
}

const folderOfChannelRule = ([folder, allowed]) => ({
  name: `channel-${folder.replace('/', '-')}`,
  comment: `channel/${folder}/ may import ${allowed.length === 0 ? 'no other folder of channel/' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: `^core/src/channel/${folder}/`, pathNot: TESTS },
  to: { path: '^core/src/channel/', pathNot: [folder, ...allowed].map((name) => `^core/src/channel/${name}/`) },
})

export default {
  forbidden: [
    ...Object.entries(ROOMS).map(roomRule),
    ...WITH_FRONT_DOOR.map(frontDoorRule),
    ...Object.entries(FOLDERS_OF_NODE).map(folderRule),
    ...Object.entries(FOLDERS_OF_CHANNEL).map(folderOfChannelRule),
    {
      name: 'channel-folder-unknown',
      comment: 'Every folder of core/src/channel has a list.',
      severity: 'error',
      from: {
        path: '^core/src/channel/(transitions/[^/]+/|(?!transitions/)[^/]+/)',
        pathNot: [`^core/src/channel/(${Object.keys(FOLDERS_OF_CHANNEL).join('|')})/`, ...TESTS],
      },
      to: {},
    },
    {
      name: 'node-folder-unknown',
      comment: 'Every folder of core/src/node has a list.',
      severity: 'error',
      from: { path: '^core/src/node/[^/]+/', pathNot: `^core/src/node/(${Object.keys(FOLDERS_OF_NODE).join('|')})/` },
      to: {},
    },
    {
      name: 'node-options-join-nothing',
      comment: 'What a node is started with is known to what maps the contract, and knows nothing of it.',
      severity: 'error',
      from: { path: `^core/src/node/(node-options|${BESIDE_FOLDERS.join('|')})\\.ts$` },
      to: { path: '^core/src/node/(contract-mapping/|node\\.ts$)' },
    },
    {
      name: 'room-unknown',
      comment: 'Every folder of core/src is a room with a list.',
      severity: 'error',
      from: { path: '^core/src/', pathNot: `^core/src/(${Object.keys(ROOMS).join('|')})/` },
      to: {},
    },
    {
      name: 'cli-starts-the-app',
      comment: 'The command imports app/ for `start` and `demo` alone, at one place; all else goes over HTTP.',
      severity: 'error',
      from: { path: '^core/src/cli/main\\.ts$' },
      to: { path: '^core/src/', pathNot: ['^core/src/(cli|lib)/', '^core/src/app/commands\\.ts$'] },
    },
    {
      name: 'gateway-types-only',
      comment: 'plugins/, api/ and cluster/ know the gateway as types; the composition root hands them the object.',
      severity: 'error',
      from: { path: '^core/src/(plugins|api|cluster)/', pathNot: TESTS },
      to: { path: '^core/src/node/contract-gateway\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Types included: two files that need each other are one concept, or want a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'pure-rooms-do-no-io',
      comment: 'The protocol is pure: no Node module, no stream, no schema or I/O library.',
      severity: 'error',
      from: { path: `^core/src/(${PURE_ROOMS})/`, pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms-use-no-platform-library',
      comment: 'What does I/O, holds timers or checks schemas belongs to the rooms above.',
      severity: 'error',
      from: { path: `^core/src/(${PURE_ROOMS}|lib|crypto)/`, pathNot: TESTS },
      to: { path: 'node_modules/(rxjs|zod|sqlite3|pg|fastify|pino|zeromq|isolated-vm|esbuild|commander)/' },
    },
    {
      name: 'channel-is-pure',
      comment: 'channel/ imports no library, and neither clock nor randomness: they come in its inputs.',
      severity: 'error',
      from: { path: '^core/src/channel/', pathNot: TESTS },
      to: { path: ['node_modules/', '^core/src/lib/(clock|clock-virtual|rng)\\.ts$'] },
    },
    {
      name: 'formats-by-their-interface',
      comment: 'What is particular to one kind of channel stays in its format; the rest of channel/ has the interface.',
      severity: 'error',
      from: { path: '^core/src/(?!channel/commitment/formats(/|\\.ts$))', pathNot: TESTS },
      to: { path: '^core/src/channel/commitment/formats/' },
    },
    {
      name: 'formats-apart',
      comment: 'No format is made of another.',
      severity: 'error',
      from: { path: '^core/src/channel/commitment/formats/([^/]+)/', pathNot: TESTS },
      to: { path: '^core/src/channel/commitment/formats/', pathNot: '^core/src/channel/commitment/formats/$1/' },
    },
    {
      name: 'one-room-per-engine',
      comment: 'Each library that does I/O has one room that wraps it.',
      severity: 'error',
      from: { path: '^core/src/(?!store/)', pathNot: TESTS },
      to: { path: 'node_modules/(sqlite3|pg)/' },
    },
    {
      name: 'isolates-in-cells',
      comment: 'The core never runs an isolate in its own process.',
      severity: 'error',
      from: { path: '^core/src/(?!plugins/cell/)', pathNot: TESTS },
      to: { path: 'node_modules/isolated-vm/' },
    },
    {
      name: 'secp256k1-behind-its-port',
      comment: 'Elliptic curve libraries are engines in crypto/; taproot tweaking in bitcoin/ goes with bitcoinjs-lib.',
      severity: 'error',
      from: { path: '^core/src/(?!crypto/engines/|bitcoin/taproot\\.ts$)', pathNot: TESTS },
      to: { path: 'node_modules/(secp256k1|tiny-secp256k1|@noble/secp256k1)/' },
    },
    {
      name: 'core-knows-the-contract-only',
      comment:
        'Of plugin-sdk the core imports the entries of contract, manifest and client, and files that stand alone.',
      severity: 'error',
      from: { path: '^core/', pathNot: TESTS },
      to: {
        path: '^plugin-sdk/',
        pathNot: '^plugin-sdk/src/(contract/(index|types|evaluate|manifest/index)|client/(index|http))\\.ts$',
      },
    },
    {
      name: 'client-for-programs-only',
      comment: 'A node is no client of itself: only what runs beside nodes speaks to them over HTTP.',
      severity: 'error',
      from: { path: '^core/src/(?!app/|cli/)', pathNot: TESTS },
      to: { path: '^plugin-sdk/src/client/' },
    },
    {
      name: 'client-speaks-the-contract',
      comment: 'The client has the contract and Node, nothing else.',
      severity: 'error',
      from: { path: '^plugin-sdk/src/client/', pathNot: TESTS },
      to: { pathNot: ['^plugin-sdk/src/(client|contract)/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'contract-from-node-up',
      comment: 'Below node/ nothing speaks the contract, its plain types and the evaluation of any schema aside.',
      severity: 'error',
      from: { path: '^core/src/', pathNot: [...TESTS, '^core/src/(node|plugins|api|cluster|app|cli)/'] },
      to: { path: '^plugin-sdk/', pathNot: '^plugin-sdk/src/contract/(types|evaluate)\\.ts$' },
    },
    {
      name: 'guest-is-light',
      comment: 'What runs in a sandbox carries no zod and no contract code; types are free.',
      severity: 'error',
      from: { path: '^plugin-sdk/src/(guest|generated)/', pathNot: TESTS },
      to: { path: ['node_modules/zod/', '^plugin-sdk/src/contract/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'guest-libraries',
      comment: 'The guest has rxjs and nothing else: a sandbox has no Node.',
      severity: 'error',
      from: { path: '^plugin-sdk/src/guest/', pathNot: TESTS },
      to: { pathNot: ['^plugin-sdk/src/(guest|generated|contract)/', 'node_modules/rxjs/'] },
    },
    {
      name: 'contract-stands-alone',
      comment: 'The contract is data with zod schemas, and knows neither the guest nor what was generated from it.',
      severity: 'error',
      from: { path: '^plugin-sdk/src/contract/', pathNot: TESTS },
      to: { pathNot: ['^plugin-sdk/src/contract/', 'node_modules/zod/'] },
    },
    {
      name: 'sdk-without-core',
      comment: 'Only plugin-sdk/testing may import the core.',
      severity: 'error',
      from: { path: '^plugin-sdk/', pathNot: '^plugin-sdk/src/testing/' },
      to: { path: '^core/' },
    },
    {
      name: 'plugins-know-the-sdk-only',
      comment: 'An example plugin imports what any author can import: the guest entry, its tests the test kit too.',
      severity: 'error',
      from: { path: '^plugins-examples/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^plugins-examples/$1/', '^plugin-sdk/src/(guest|testing)/index\\.ts$', 'node_modules/rxjs/'] },
    },
    {
      name: 'product-without-tests',
      comment: 'Shipped code imports no test, fixture or development tool.',
      severity: 'error',
      from: { path: '^(core|plugin-sdk|plugins-examples)/', pathNot: TESTS },
      to: { path: [...TESTS, 'node_modules/(ava|fast-check|lightningdevkit)/'] },
    },
  ],
  options: {
    // TypeScript 7 has no JavaScript API to parse with.
    parser: 'swc',
    // Types count as imports too: a room that knows another's types knows the room.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // What is packed of it, and what authors are given.
    exclude: { path: '^plugin-sdk/(dist|template)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['fulgurite-source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
}
