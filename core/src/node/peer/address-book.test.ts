import test from 'ava'
import { utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { AddressBook, type ConfiguredPeer } from './address-book.ts'
import { formatAddress, parseAddress, type SocketAddress } from './socket-address.ts'

const PEER = new Uint8Array(33).fill(2)
const OTHER = new Uint8Array(33).fill(3)

const at = (text: string): SocketAddress => parseAddress(text) as SocketAddress

const setUp = async (configured: readonly ConfiguredPeer[] = []) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const clock = virtualClock()
  const open = async () => {
    await store.flush()
    const book = new AddressBook({ store, clock, configured })
    await book.load()
    return book
  }
  const known = (book: AddressBook, nodeId = PEER) => book.known(nodeId).map(formatAddress)
  return { store, clock, open, known }
}

test('what has led to a peer comes first, the last of it before all; then what the operator says; then guesses', async (t) => {
  const { clock, open, known } = await setUp([
    { nodeId: PEER, address: at('named:1') },
    { nodeId: OTHER, address: at('other:1') },
  ])
  const book = await open()
  t.deepEqual(known(book), ['named:1'])
  book.calledFrom(PEER, '10.0.0.1')
  t.deepEqual(known(book), ['named:1', '10.0.0.1:9735'])
  for (const address of ['a:1', 'b:1']) {
    await clock.advance(1_000)
    book.reached(PEER, at(address))
  }
  t.deepEqual(known(book), ['b:1', 'a:1', 'named:1', '10.0.0.1:9735'])
  await clock.advance(1_000)
  book.reached(PEER, at('a:1'))
  const order = ['a:1', 'b:1', 'named:1', '10.0.0.1:9735']
  t.deepEqual(known(book), order)
  t.deepEqual(known(await open()), order, 'and after a restart')
  t.deepEqual(known(book, OTHER), ['other:1'])
})

test('a guess that has led to the peer is no longer one', async (t) => {
  const { clock, open, known } = await setUp([{ nodeId: PEER, address: at('named:1') }])
  const book = await open()
  book.calledFrom(PEER, '10.0.0.1')
  await clock.advance(1_000)
  book.reached(PEER, at('10.0.0.1:9735'))
  book.calledFrom(PEER, '10.0.0.1')
  t.deepEqual(known(book), ['10.0.0.1:9735', 'named:1'])
})

test('of one peer so many are kept, and of the guesses the newest is called', async (t) => {
  const { clock, open, known } = await setUp()
  const book = await open()
  for (let i = 0; i < 100; i++) book.calledFrom(PEER, `10.0.0.${i}`)
  t.deepEqual(known(book), ['10.0.0.99:9735'])
  for (let i = 0; i < 100; i++) {
    await clock.advance(1)
    book.reached(PEER, at(`h${i}:1`))
  }
  t.deepEqual(known(book), ['h99:1', 'h98:1', 'h97:1', 'h96:1', '10.0.0.99:9735'])
})

test('the hosts that a peer called from last are kept, also after a restart, the newest last', async (t) => {
  const { open, known } = await setUp([{ nodeId: PEER, address: at('named:1') }])
  const book = await open()
  for (let i = 0; i < 6; i++) book.calledFrom(PEER, `10.0.0.${i}`)
  book.reached(PEER, at('a:1'))
  book.calledFrom(PEER, '10.0.0.3')
  const hosts = ['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.3', 'a', 'named']
  t.deepEqual(book.hosts(PEER), hosts)
  const again = await open()
  t.deepEqual(again.hosts(PEER), hosts)
  t.deepEqual(known(again), ['a:1', 'named:1', '10.0.0.3:9735'])
  t.deepEqual(again.hosts(OTHER), [])
})

test('an IPv6 host is kept with its brackets', async (t) => {
  const { open, known } = await setUp()
  const book = await open()
  book.calledFrom(PEER, '::ffff:10.0.0.1')
  t.deepEqual(known(await open()), ['[::ffff:10.0.0.1]:9735'])
})

test('the one address that a version before has kept is read', async (t) => {
  const { store, open, known } = await setUp([{ nodeId: PEER, address: at('named:1') }])
  store.submit([{ table: TABLE.peer, key: PEER, value: utf8Encode('10.0.0.7:9999') }])
  t.deepEqual(known(await open()), ['10.0.0.7:9999', 'named:1'])
})
