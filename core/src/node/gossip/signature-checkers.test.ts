import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { channelAnnouncement, testNode } from '../../graph/fixtures/signed-gossip.ts'
import { checksOfChannel, type SignatureCheck } from '../../graph/rules/signature-checks.ts'
import { SignatureCheckers } from './signature-checkers.ts'

const { raw, message } = channelAnnouncement([testNode('a'), testNode('b')], 1n)
const CHECKS: readonly SignatureCheck[] = checksOfChannel(raw, message).map((check, i) =>
  i === 2 ? { ...check, digest: new Uint8Array(32) } : check,
)
const VALID = Uint8Array.of(1, 1, 0, 1)

for (const threads of [0, 1, 2]) {
  test(`${threads} threads say of each signature whether it is valid, also of many asked at once`, async (t) => {
    const checkers = new SignatureCheckers(createActorSystem<never>(), threads)
    t.teardown(() => checkers.close())
    const answers = await Promise.all(Array.from({ length: 20 }, () => checkers.check(CHECKS)))
    for (const answer of answers) t.deepEqual(Uint8Array.from(answer), VALID)
    t.is((await checkers.check([])).length, 0)
  })
}

test('what a thread that ends was asked is answered all the same', async (t) => {
  const checkers = new SignatureCheckers(createActorSystem<never>(), 2)
  const answers = Array.from({ length: 50 }, () => checkers.check(CHECKS))
  await checkers.close()
  for (const answer of await Promise.all(answers)) t.deepEqual(Uint8Array.from(answer), VALID)
  t.deepEqual(Uint8Array.from(await checkers.check(CHECKS)), VALID)
})
