import test from 'ava'
import { type NodeLog, silentLog } from '../../core/src/node/node-log.ts'
import { World } from './support/world.ts'

test('a node that is stopped in the middle of its work says nothing of messages to those who have ended before', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const lines: string[] = []
  const log: NodeLog = { ...silentLog, warn: (event, fields) => void lines.push(`${event} ${JSON.stringify(fields)}`) }
  const [alice, bob] = [await world.node('alice', { log }), await world.node('bob')]
  await alice.faucet(5_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 2_000_000n)
  const invoices = await Promise.all(Array.from({ length: 60 }, () => bob.invoice(100_000n)))
  const paying = invoices.map((invoice) => alice.tryAsk('payments', 'payInvoice', { invoice }))
  await alice.until(async () => alice.payloads('payment.sent').length > 3)
  await alice.stop()
  await Promise.allSettled(paying)
  t.deepEqual(
    lines.filter((line) => line.startsWith('actor.')),
    [],
  )
})
