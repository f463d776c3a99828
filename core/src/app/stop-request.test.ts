import test from 'ava'
import { stopRequest } from './stop-request.ts'

const notNow = (): void => {}

/** Whether the signal is taken for a request to stop. */
const stops = async (signal: NodeJS.Signals, onTerminal: boolean): Promise<boolean> => {
  const request = stopRequest(notNow, onTerminal)
  let isAsked = false
  void request.asked.then(() => {
    isAsked = true
  })
  process.emit(signal)
  await new Promise(setImmediate)
  request.release()
  return isAsked
}

test.serial('a terminal that closes stops the node that runs in it, and not one that nohup keeps', async (t) => {
  t.true(await stops('SIGHUP', true))
  t.false(await stops('SIGHUP', false))
})

test.serial('SIGTERM stops a node wherever it runs', async (t) => {
  t.true(await stops('SIGTERM', true))
  t.true(await stops('SIGTERM', false))
})
