import { displayBlockHash } from '../../bitcoin/block.ts'
import type { ChainTip } from '../chain-backend.ts'
import type { PatientRpc } from './patient-rpc.ts'
import type { RpcClient } from './rpc-client.ts'

/** Ends the wake-ups. */
export type StopWakeUps = () => void

const LONG_POLL_MS = 60_000
const RETRY_MS = 1_000

/** Wakes at a regular interval: the wake-up that is relied on. */
export const wakeRegularly = (rpc: PatientRpc, intervalMs: number, wake: () => void): void => {
  const loop = async (): Promise<void> => {
    for (;;) {
      await rpc.pause(intervalMs)
      if (rpc.stopped) return
      wake()
    }
  }
  void loop()
}

/** Wakes when bitcoind publishes a block. What is missed, the regular wake-up finds. */
export const wakeOnZmq = async (url: string, wake: () => void): Promise<StopWakeUps> => {
  const { Subscriber } = await import('zeromq')
  const subscriber = new Subscriber({ linger: 0 })
  subscriber.connect(url)
  subscriber.subscribe('hashblock', 'rawblock')
  const loop = async (): Promise<void> => {
    for await (const _ of subscriber) wake()
  }
  // It ends by throwing when the socket is closed.
  loop().catch(() => undefined)
  return () => subscriber.close()
}

/** Wakes when a call that waits for a block returns: for a devchain, which publishes nothing. */
export const wakeOnLongPoll = (
  client: RpcClient,
  rpc: PatientRpc,
  tip: () => ChainTip,
  wake: () => Promise<void>,
): StopWakeUps => {
  const aborter = new AbortController()
  const loop = async (): Promise<void> => {
    while (!rpc.stopped) {
      const reply = await client.call('waitfornewblock', [LONG_POLL_MS, displayBlockHash(tip().hash)], {
        timeoutMs: LONG_POLL_MS * 2,
        signal: aborter.signal,
      })
      if (rpc.stopped) return
      if (reply.ok) await wake()
      else await rpc.pause(RETRY_MS)
    }
  }
  void loop()
  return () => aborter.abort()
}
