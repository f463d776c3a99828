import { EventEmitter } from 'node:events'
import test from 'ava'
import { askSecretly } from './ask-secret.ts'

const terminal = () => {
  const raw: boolean[] = []
  const shown: string[] = []
  const input = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: (is: boolean) => raw.push(is),
    resume: () => {},
    pause: () => {},
  })
  return { input, raw, shown, type: (text: string) => input.emit('data', Buffer.from(text)) }
}

test('a secret — is read to the end of the line, corrected as it is typed, and never shown', async (t) => {
  const { input, raw, shown, type } = terminal()
  const answer = askSecretly('Passphrase: ', input, (text) => void shown.push(text))
  type('hör')
  type('\u007f\u007fä\u007f')
  type('orse\rmore')
  t.is(await answer, 'horse')
  t.deepEqual(shown, ['Passphrase: ', '\n'])
  t.deepEqual(raw, [true, false])
  t.is(input.listenerCount('data'), 0)
})

test('a secret — is nothing where whoever was asked interrupts, or nobody can be asked', async (t) => {
  const { input, raw, type } = terminal()
  const answer = askSecretly('?', input, () => {})
  type('ab\u0003')
  t.is(await answer, undefined)
  t.deepEqual(raw, [true, false])
  t.is(await askSecretly('?', { ...input, isTTY: false } as never, () => t.fail()), undefined)
})
