import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { threadTime } from './thread-time.ts'
import { waitIsOver, workedFor } from './worked-for.ts'

const WORK_MS = 5
/** The system counts in microseconds, and for itself. */
const NEARLY = 0.95

/** Processor time, so that a busy machine changes nothing. */
const work = (): void => {
  const begun = threadTime()
  while (threadTime() - begun < WORK_MS);
}

/** As the store reads. */
const read = async (): Promise<void> => {
  await setImmediate()
  waitIsOver()
}

const account = () => {
  const charged = { ms: 0 }
  const charge = (ms: number): void => {
    charged.ms += ms
  }
  return { charged, charge }
}

test('what follows each wait is charged, until the work is done', async (t) => {
  const { charged, charge } = account()
  await workedFor(charge, async () => {
    await read()
    work()
    await read()
    await Promise.resolve()
    work()
  })
  t.true(charged.ms >= 2 * WORK_MS * NEARLY)
  const { ms } = charged
  work()
  await setImmediate()
  t.is(charged.ms, ms)
})

test('what others do meanwhile is charged to nobody, and what two do at once to each of them', async (t) => {
  const [one, two] = [account(), account()]
  const others = { ms: 0 }
  const goOn = Promise.withResolvers<void>()
  const both = [one, two].map(({ charge }) =>
    workedFor(charge, async () => {
      await read()
      work()
      await goOn.promise
    }),
  )
  await setImmediate()
  await setImmediate()
  await setImmediate()
  const begun = threadTime()
  for (let i = 0; i < 10; i++) work()
  others.ms = threadTime() - begun
  goOn.resolve()
  await Promise.all(both)
  for (const { charged } of [one, two]) {
    t.true(charged.ms >= WORK_MS * NEARLY)
    t.true(charged.ms < others.ms)
  }
})

test('work that fails is charged as well, and nobody is charged where nobody is named', async (t) => {
  const { charged, charge } = account()
  await t.throwsAsync(
    workedFor(charge, async () => {
      await read()
      work()
      throw new Error('failed')
    }),
    { message: 'failed' },
  )
  t.true(charged.ms >= WORK_MS * NEARLY)
  const { ms } = charged
  await read()
  work()
  await setImmediate()
  t.is(charged.ms, ms)
})

test('what goes on in the context of work that is over is on nobody’s account', async (t) => {
  const { charged, charge } = account()
  let later: Promise<void> = Promise.resolve()
  await workedFor(charge, async () => {
    await read()
    later = (async () => {
      for (let i = 0; i < 3; i++) {
        await read()
        work()
      }
    })()
  })
  await later
  t.true(charged.ms < WORK_MS)
})
