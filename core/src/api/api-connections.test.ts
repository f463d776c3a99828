import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { ApiConnections } from './api-connections.ts'
import { API_LIMITS } from './api-limits.ts'

/** What the connections of the API use of a socket. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string
  destroyed = false

  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }
}

const setUp = () => {
  const clock = virtualClock()
  const server = new EventEmitter()
  const connections = new ApiConnections(server as unknown as Server, clock, API_LIMITS)
  const dial = (address: string): FakeSocket => {
    const socket = new FakeSocket(address)
    server.emit('connection', socket as unknown as Socket)
    return socket
  }
  /** Shows the token; `false` if it is too late for that. */
  const show = (socket: FakeSocket): boolean => {
    const response = new EventEmitter()
    const request = { socket, complete: true } as unknown as IncomingMessage
    const admitted = connections.admit(request, response as unknown as ServerResponse)
    response.emit('close')
    return admitted
  }
  const flood = (addresses: readonly string[], perSecond: number): void => {
    const call = (address: string): void => {
      dial(address)
      clock.setTimer(1_000 / perSecond, () => call(address))
    }
    for (const address of addresses) call(address)
  }
  return { clock, dial, show, flood }
}

const NEW_ADDRESSES = Array.from({ length: 2_500 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)

test('an operator on a slow line shows the token while 50 addresses open 10 connections a second each', async (t) => {
  const { clock, dial, show, flood } = setUp()
  flood(
    Array.from({ length: 50 }, (_, i) => `192.0.2.${i}`),
    10,
  )
  await clock.advance(5_000)
  const operator = dial('203.0.113.7')
  await clock.advance(2_000)
  t.true(show(operator))
})

test('an address that has shown the token has places of its own, whoever calls from elsewhere', async (t) => {
  const { clock, dial, show } = setUp()
  const before = dial('203.0.113.7')
  t.true(show(before))
  before.destroy()
  const operator = dial('203.0.113.7')
  for (const address of NEW_ADDRESSES) {
    dial(address)
    await clock.advance(1)
  }
  t.true(show(operator))
})

test('an operator on the machine of the flooder shows the token where it does so at once', async (t) => {
  const { clock, dial, show, flood } = setUp()
  flood(['127.0.0.1'], 1_000)
  await clock.advance(3_000)
  for (let i = 0; i < 20; i++) {
    const operator = dial('127.0.0.1')
    await clock.advance(20)
    t.true(show(operator))
    operator.destroy()
  }
})

test('a client opens 120 connections at once and then asks on each, also as the first one that the node sees', (t) => {
  const { dial, show } = setUp()
  for (let round = 0; round < 2; round++) {
    const sockets = Array.from({ length: 120 }, () => dial('203.0.113.7'))
    for (const socket of sockets) t.true(show(socket))
    for (const socket of sockets) socket.destroy()
  }
})
