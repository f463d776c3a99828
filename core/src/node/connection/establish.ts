import type { Socket } from 'node:net'
import type { NoiseCipher } from '../../crypto/noise.ts'
import { addressGroup } from '../../lib/address-group.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { Caller } from '../../lib/recent-calls.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { decodeMessage, encodeMessage } from '../../wire/message-codecs.ts'
import type { Init } from '../../wire/messages/setup.ts'
import { Connection } from './connection.ts'
import { bugOf, causeOf, closeReasonOf, type EstablishFailure } from './connection-failure.ts'
import { farewell } from './connection-reactions.ts'
import type { ConnectionSettings } from './connection-settings.ts'
import { endSocket } from './end-socket.ts'
import { checkInit, ourInit } from './init-exchange.ts'
import { TransportHandshake } from './transport-handshake.ts'

/** Who calls whom: the initiator knows the node that it calls. */
export type Role =
  | { readonly type: 'initiator'; readonly remoteNodeId: NodeId }
  | {
      readonly type: 'responder'
      readonly caller: Caller
      /** Act one was valid and has been answered. */
      readonly onActOne: () => void
    }

/**
 * Brings a connected socket to a `Connection`: the handshake of BOLT 8, then the exchange of `init` of BOLT 1, within
 * `timeoutMs`. A handshake that fails gets no answer; an `init` that we refuse gets a warning.
 */
export const establish = (
  socket: Socket,
  role: Role,
  settings: ConnectionSettings,
  timeoutMs: number,
): Promise<Result<Connection, EstablishFailure>> =>
  new Promise((resolve) => {
    const { privateKey, features, chainHash, clock, rng, traffic, rooms } = settings
    let transport: { readonly remoteNodeId: NodeId; readonly cipher: NoiseCipher } | undefined

    const leave = (): void => {
      cancelTimeout()
      leaveGate()
      socket.off('data', onData).off('error', onError).off('close', onEnd).off('end', onEnd)
    }

    const fail = (failure: EstablishFailure, heardInit = false): void => {
      leave()
      // A late error must not be an unhandled one.
      socket.on('error', () => {})
      const last = heardInit ? farewell(failure) : undefined
      if (last !== undefined && transport !== undefined) {
        socket.write(transport.cipher.encrypt([encodeMessage(last)]))
        endSocket(socket, clock)
      } else {
        socket.destroy()
      }
      resolve(err(failure))
    }

    const succeed = (remoteInit: Init, { remoteNodeId, cipher }: NonNullable<typeof transport>): void => {
      leave()
      socket.pause()
      const direction = role.type === 'initiator' ? 'outbound' : 'inbound'
      const account = traffic.open({ remoteNodeId, remoteAddress: socket.remoteAddress ?? '', direction })
      resolve(ok(new Connection({ socket, cipher, remoteNodeId, remoteInit, direction, clock, rng, account, rooms })))
    }

    const onHandshake = (chunk: Uint8Array): void => {
      const whole = handshake.take(chunk)
      const { unanswerable } = handshake
      if (unanswerable !== undefined) fail(unanswerable)
      else if (whole && role.type === 'responder' && handshake.isFirstOfResponder) enterGate(role.caller)
      else if (whole) answer()
    }

    // The answer to act one costs more than act one does.
    const enterGate = (caller: Caller): void => {
      const group = addressGroup(socket.remoteAddress ?? '')
      leaveGate = traffic.handshakes.enter(group, caller, () => guarded(answer))
    }

    const answer = (): void => {
      const progress = handshake.proceed()
      if (!progress.ok) {
        fail(progress.error)
        return
      }
      const { reply, transport: done } = progress.value
      if (done === undefined) {
        if (reply !== undefined) socket.write(reply)
        if (role.type === 'responder') role.onActOne()
        return
      }
      transport = done
      // BOLT 1: init is the first message. It leaves together with act three.
      const init = done.cipher.encrypt([encodeMessage(ourInit(features, chainHash))])
      socket.write(reply === undefined ? init : Buffer.concat([reply, init]))
      onInit(done)
    }

    const onInit = (done: NonNullable<typeof transport>): void => {
      const next = done.cipher.next()
      if (!next.ok) {
        fail(next.error)
        return
      }
      if (next.value === undefined) return
      const decoded = decodeMessage(next.value)
      // BOLT 1, init: nothing is sent before the peer's init has come, so a message that is not init gets no warning.
      if (!decoded.ok) {
        fail(closeReasonOf(decoded.error, next.value), decoded.error.path.split('.')[0] === 'init')
        return
      }
      const checked = checkInit(decoded.value, features, chainHash)
      if (checked.ok) succeed(checked.value, done)
      else fail(checked.error, decoded.value.type === 'init')
    }

    /** Everything that the other side sends passes here: an error on the way ends this socket, never the process. */
    const guarded = (step: () => void): void => {
      try {
        step()
      } catch (thrown) {
        fail(bugOf(thrown))
      }
    }

    const onData = (chunk: Buffer): void =>
      guarded(() => {
        if (transport === undefined) {
          onHandshake(chunk)
        } else {
          transport.cipher.receive(chunk)
          onInit(transport)
        }
      })
    const onError = (error: Error): void => fail({ code: 'socket-error', cause: causeOf(error) })
    const onEnd = (): void => fail({ code: 'closed-by-peer' })

    let leaveGate = (): void => {}
    const cancelTimeout = clock.setTimer(timeoutMs, () => fail({ code: 'handshake-timeout' }))
    socket.setNoDelay(true)
    socket.on('data', onData).on('error', onError).on('close', onEnd).on('end', onEnd)

    const start = (): TransportHandshake => {
      if (role.type === 'responder') return TransportHandshake.respond(privateKey, rng)
      const initiated = TransportHandshake.initiate(privateKey, role.remoteNodeId, rng)
      socket.write(initiated.actOne)
      return initiated.handshake
    }
    const handshake = start()
  })
