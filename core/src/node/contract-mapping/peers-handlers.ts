import { equalBytes, fromHex, toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { wordsOfCode } from '../../lib/system-reason.ts'
import type { ConnectFailure } from '../connection/connection-failure.ts'
import type { PeerEntry } from '../peer/peer-directory.ts'
import { formatAddress, parseAddress } from '../peer/socket-address.ts'
import type { MappingContext } from './context.ts'
import { findPeer } from './find-by-words.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import { pageOf } from './paging.ts'

export const peersHandlers = (context: MappingContext): ActorHandlers<'peers'> => {
  const named = (nodeId: string) => {
    const name = context.peerNames.of(nodeId)
    return name === undefined ? {} : { name }
  }
  const describe = ({ nodeId, connection, connectedAt }: PeerEntry) => ({
    nodeId: toHex(nodeId),
    ...named(toHex(nodeId)),
    connected: connection !== undefined,
    ...(connection === undefined
      ? {}
      : {
          address: connection.address,
          direction: connection.direction,
          features: toHex(connection.remoteFeatures),
        }),
    ...(connectedAt === undefined ? {} : { connectedAt }),
    knownAddresses: context.peers.knownAddresses(nodeId).map(formatAddress),
    channels: context.channelDirectory.countOfPeer(nodeId),
  })
  return {
    async list({ connected, page }) {
      const entries = [...context.peerDirectory.all()]
        .map(describe)
        .filter((peer) =>
          connected === undefined ? peer.connected || peer.channels > 0 : peer.connected === connected,
        )
      return pageOf(entries, page)
    },
    async relays({ nodeId, page }) {
      const items = context.peerRelays
        .all()
        .filter((peer) => nodeId === undefined || peer.nodeId === nodeId)
        .map((peer) => ({ ...peer, ...named(peer.nodeId) }))
      return pageOf(items, page)
    },
    async find({ peer }) {
      const found = findPeer(peer, context)
      return found.ok ? ok({ nodeId: found.value }) : found
    },
    async rename({ nodeId, name }) {
      const given = await context.peerNames.give(fromHex(nodeId), name)
      if (given.ok) return ok({ nodeId, ...named(nodeId) })
      const { owner } = given.error
      return err(
        refusal('name-taken', `${name} is the name of ${owner} already`, { field: 'name', details: { owner } }),
      )
    },
    async connect({ nodeId, address }) {
      const id = fromHex(nodeId)
      if (equalBytes(id, context.signer.nodeId)) return err(connectRefusal({ code: 'own-node-id' }))
      const before = context.peerDirectory.get(id)
      if (before?.connection !== undefined) {
        const known = [before.connection.address, ...context.peers.knownAddresses(id).map(formatAddress)]
        const isThere = address === undefined || known.includes(address)
        return ok({ outcome: isThere ? 'already-connected' : 'connected-elsewhere', peer: describe(before) })
      }
      const addresses = address === undefined ? context.peers.knownAddresses(id) : [parseAddress(address)]
      let connected: Result<void, ConnectFailure> | undefined
      for (const each of addresses) {
        if (each === undefined || connected?.ok === true) continue
        connected = await context.peers.connect(id, each)
      }
      if (connected === undefined) {
        return err(
          refusal('address-unknown', 'this node has never been reached: give its address as host:port', {
            field: 'address',
          }),
        )
      }
      if (!connected.ok) return err(connectRefusal(connected.error))
      const entry = context.peerDirectory.get(id)
      if (entry === undefined) return err(refusal('unreachable', 'the peer went away again'))
      return ok({ outcome: 'connected', peer: describe(entry) })
    },
    async disconnect({ nodeId }) {
      const entry = context.peerDirectory.get(fromHex(nodeId))
      const answer = await entry?.ref.ask('disconnect', { reason: 'operator' })
      if (answer?.ok !== true || !answer.value.ok) return err(refusal('not-connected', 'this peer is not connected'))
      return ok({})
    },
  }
}

/** Why a node could not be connected to. */
export const connectRefusal = (failure: ConnectFailure) => {
  switch (failure.code) {
    case 'unreachable':
      return refusal(
        'unreachable',
        `cannot connect: ${wordsOfCode(failure.cause)}. Is the address right, and the node up?`,
      )
    case 'invalid-node-id':
      return refusal('invalid-request', 'nodeId: not a point of the curve', { field: 'nodeId' })
    case 'own-node-id':
      return refusal('invalid-request', 'nodeId: that is this node itself, and a node cannot be its own peer', {
        field: 'nodeId',
      })
    case 'wrong-chain':
      return refusal('incompatible-peer', 'that node is on another chain')
    case 'closed-by-peer':
    case 'socket-error':
      // BOLT 8: a node that is called by another's id hangs up without a word, and so does one that has no room for callers.
      return refusal(
        'handshake-failed',
        `that node hung up (${failure.code}): either it is not the node of this id, or it takes no more callers just now`,
      )
    case 'init-not-first':
    case 'handshake-timeout':
    case 'transport-tag':
    case 'malformed-message':
    case 'unknown-even-message':
      return refusal('handshake-failed', `the handshake did not finish (${failure.code}): is the node id right?`)
    default:
      return refusal('incompatible-peer', `that node and this one are not compatible: ${failure.code}`)
  }
}
