import type * as z from 'zod'
import type { Clock } from '../../lib/clock.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'
import { readReply } from './replies.ts'
import type { RpcClient, RpcError } from './rpc-client.ts'

/** bitcoind answers this while it starts. */
export const RPC_IN_WARMUP = -28

export interface PatientRpcOptions {
  readonly client: RpcClient
  readonly clock: Clock
  /** bitcoind cannot be reached; told once until it can be again. */
  readonly onUnreachable?: ((error: RpcError) => void) | undefined
  readonly onReachable?: (() => void) | undefined
  /** Each answer, and each attempt that had none. */
  readonly onAnswered: () => void
  readonly onUnanswered: (error: RpcError) => void
}

/** Asks bitcoind, and asks again for as long as it cannot be reached. */
export interface PatientRpc {
  /** Rejects with a `FailureError` of code `backend-stopped` after `stop`. */
  ask<T>(schema: z.ZodType<T>, method: string, params?: readonly unknown[]): Promise<Result<T, RpcError>>
  /** Settles after the time, or at `stop`. */
  pause(ms: number): Promise<void>
  readonly stopped: boolean
  stop(): void
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000

export const patientRpc = (options: PatientRpcOptions): PatientRpc => {
  const { client, clock, onUnreachable, onReachable, onAnswered, onUnanswered } = options
  const wakers = new Set<() => void>()
  let stopped = false
  let reachable = true

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (stopped) return resolve()
      const wake = (): void => {
        cancel()
        wakers.delete(wake)
        resolve()
      }
      const cancel = clock.setTimer(ms, wake)
      wakers.add(wake)
    })

  return {
    pause,
    get stopped() {
      return stopped
    },
    async ask(schema, method, params = []) {
      for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
        if (stopped) throw new FailureError({ code: 'backend-stopped' })
        const reply = await client.call(method, params)
        if (reply.ok || !isTransient(reply.error)) {
          onAnswered()
          if (!reachable) {
            reachable = true
            onReachable?.()
          }
          return reply.ok ? readReply(schema, method, reply.value) : reply
        }
        onUnanswered(reply.error)
        if (reachable && !stopped) {
          reachable = false
          onUnreachable?.(reply.error)
        }
        await pause(wait)
      }
    },
    stop() {
      stopped = true
      for (const wake of [...wakers]) wake()
    },
  }
}

const isTransient = (error: RpcError): boolean =>
  error.code === 'bitcoind-unreachable' ||
  error.code === 'bitcoind-unauthorized' ||
  (error.code === 'bitcoind-error' && error.rpcCode === RPC_IN_WARMUP)
