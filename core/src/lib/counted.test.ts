import test from 'ava'
import { counted } from './counted.ts'

test('one is named as one, and any other number as several', (t) => {
  t.is(counted(1, 'channel'), '1 channel')
  t.is(counted(0, 'channel'), '0 channels')
  t.is(counted(2, 'fee of it', 'fees of it'), '2 fees of it')
})
