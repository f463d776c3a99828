import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { send, textOf } from './http.ts'

/** How long the agent that all requests share waits for a word: five seconds, if nothing else is set. */
const SHARED_MS = 5
/** The server says nothing for so long: no assertion is about it, and a machine that is slower only waits longer. */
const QUIET_MS = 50

test.serial('a node that says nothing for long is not taken for a lost one, unless a limit is named', async (t) => {
  const server = createServer(async (_, response) => {
    await setTimeout(QUIET_MS)
    response.end('here')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const http = process.getBuiltinModule('node:http')
  const { globalAgent } = http
  http.globalAgent = new Agent({ timeout: SHARED_MS })
  t.teardown(() => {
    http.globalAgent = globalAgent
    server.closeAllConnections()
    server.close()
  })
  const access = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: '' }
  const request = { method: 'GET', path: '/', headers: {} } as const
  t.is(await textOf(await send(access, request)), 'here')
  await t.throwsAsync(send(access, { ...request, silenceMs: SHARED_MS }), { message: 'no answer in time' })
})
