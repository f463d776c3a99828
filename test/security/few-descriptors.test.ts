import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeClient } from '@fulgurite/plugin-sdk/client'
import test from 'ava'
import { readAccess } from '../../core/src/api/access.ts'
import { openDevChain } from '../../core/src/app/devnet/dev-chain.ts'
import { fromHex, toHex } from '../../core/src/lib/bytes.ts'
import { nodeOf, RawPeer, VALID_INIT } from '../../core/src/node/connection/fixtures/raw-peer.ts'
import { NodeProcess } from '../support/node-process.ts'

// The limits as they are, on a node that may open 400 files: more callers than that say nothing and stay.
test('silent callers of API and peers’ port, more than there are descriptors, keep neither the operator nor a peer out', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-few-'))
  const chain = await openDevChain(folder)
  const node = await NodeProcess.start({ name: 'few', chain, maxFiles: 400 })
  const silent: Socket[] = []
  t.teardown(async () => {
    for (const socket of silent) socket.destroy()
    await node.dispose()
    await chain.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const access = readAccess(node.dataDir)
  if (!access.ok) return t.fail(access.error.code)
  const { url, token } = access.value
  const peerPort = Number(node.listen.split(':')[1])
  const callSilently = async (port: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    silent.push(socket)
    await once(socket, 'connect').catch(() => {})
  }
  for (const port of [Number(new URL(url).port), peerPort]) {
    for (let i = 0; i < 25; i++) await Promise.all(Array.from({ length: 20 }, () => callSilently(port)))
  }

  const operator = new NodeClient({ url, token })
  t.teardown(() => operator.close())
  const info = await operator.ask('node', 'getInfo', {})
  t.is(info.ok && info.value.nodeId, node.id)

  // Its address has called too often a moment ago, and so it is hung up on at first: a peer calls again.
  const call = async (): Promise<RawPeer | undefined> => {
    try {
      const peer = await RawPeer.dial(peerPort)
      t.teardown(() => peer.socket.destroy())
      await peer.initiate(1, fromHex(node.id))
      peer.send(VALID_INIT)
      return peer
    } catch {
      return undefined
    }
  }
  let peer = await call()
  while (peer === undefined) peer = await call()
  t.is((await peer.message())?.type, 'init')
  const id = toHex(nodeOf(1).nodeId)
  await node.until('the peer is connected', async () => {
    const peers = await operator.ask('peers', 'list', {})
    return peers.ok && peers.value.items.some(({ nodeId }) => nodeId === id)
  })
})
