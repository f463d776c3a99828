import test from 'ava'
import { soon } from './soon.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('it is computed once: in the next turn, or before that when it is asked for', async (t) => {
  let computed = 0
  const compute = (): { readonly at: number } => ({ at: ++computed })
  const early = soon(compute)
  t.is(computed, 0)
  t.is(early().at, 1)
  await turn()
  t.is(early().at, 1)
  t.is(computed, 1)

  const late = soon(compute)
  await turn()
  t.is(computed, 2)
  t.is(late().at, 2)
})

test('what the computation throws is thrown to those who ask, and to nobody else', async (t) => {
  const result = soon((): object => {
    throw new Error('no key')
  })
  await turn()
  t.throws(result, { message: 'no key' })
})
