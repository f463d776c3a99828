import assert from 'node:assert/strict'
import test from 'ava'
import { LocalRef } from '../../core/src/actor/local-ref.ts'
import type { AnyActorRef } from '../../core/src/actor/types.ts'
import { valueCodec } from '../../core/src/actor/value-codec.ts'
import { World } from './support/world.ts'

/** Channels, payments and peers. */
const isPlain = (path: string): boolean => /^\/(channels\/|peers\/|payments$|relayer$|receiver$)/.test(path)

/** As text and back, as over a transport; refs stay what they are. */
const copyOf = (value: unknown): unknown => {
  const refs: AnyActorRef[] = []
  const codec = valueCodec(
    {
      pack: (ref) => ({ $r: String(refs.push(ref) - 1) }),
      unpackTheirs: (place) => refs[Number(place)] as AnyActorRef,
      unpackOurs: () => assert.fail('no ref is packed so'),
    },
    { text: true },
  )
  return value === undefined ? undefined : codec.unpack(JSON.parse(JSON.stringify(codec.pack(value))))
}

test.serial(
  'all that channels, payments and peers tell each other is plain data and refs: nodes work the same on copies of it',
  async (t) => {
    const told = new Set<string>()
    const { tell, ask } = LocalRef.prototype
    const copied = (path: string, command: string, request: unknown): unknown => {
      if (!isPlain(path)) return request
      told.add(`${path.replace(/^\/(channel|peer)s\/.*/, '/$1')} ${command}`)
      return copyOf(request)
    }
    LocalRef.prototype.tell = function (command, request, meta) {
      tell.call(this, command, copied(this.path, command, request), meta)
    }
    LocalRef.prototype.ask = function (command, request, options) {
      return ask.call(this, command, copied(this.path, command, request), options)
    }
    const world = new World()
    t.teardown(async () => {
      await world.close()
      Object.assign(LocalRef.prototype, { tell, ask })
    })

    const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
    await alice.faucet(10_000_000n)
    await bob.faucet(10_000_000n)
    await alice.connectTo(bob)
    await bob.connectTo(carol)
    const first = await alice.openTo(bob, 1_000_000n)
    const channelId = await bob.openTo(carol, 500_000n)
    t.is((await alice.pay(await carol.invoice(50_000_000n))).status, 'settled')
    await bob.until(async () => bob.payloads('payment.relayed').length === 1)
    // More than bob has on his side of the second channel.
    const refused = await alice.tryAsk('payments', 'payInvoice', { invoice: await carol.invoice(600_000_000n) })
    t.like(refused, { ok: false, error: { code: 'payment-failed' } })
    await bob.until(async () => bob.payloads('payment.relay-failed').length === 1)
    await alice.ask('peers', 'disconnect', { nodeId: bob.id })
    await alice.until(async () => !(await alice.isUsable(first)))
    await alice.connectTo(bob)
    await alice.until(() => alice.isUsable(first))
    await bob.ask('channels', 'close', { channelId })
    await bob.until(async () => bob.payloads('channel.close-signed').length === 1)
    await world.mine(6)
    await carol.until(async () => carol.payloads('channel.closed').length === 1)

    for (const message of [
      '/channel connected',
      '/channel disconnected',
      '/channel peerMessage',
      '/channel settle',
      '/channel addHtlc',
      '/relayer settled',
      '/relayer ended',
      '/payments settled',
      '/peer attached',
      '/peer message',
      '/peer send',
    ]) {
      t.true(told.has(message), message)
    }
  },
)
