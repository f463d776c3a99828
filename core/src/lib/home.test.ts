import { userInfo } from 'node:os'
import test from 'ava'
import { homeFolder } from './home.ts'

test.serial('an empty HOME is none, and the system knows better', (t) => {
  const { HOME } = process.env
  t.teardown(() => {
    if (HOME === undefined) delete process.env.HOME
    else process.env.HOME = HOME
  })
  process.env.HOME = ''
  t.is(homeFolder(), userInfo().homedir)
  process.env.HOME = '/somewhere'
  if (process.platform !== 'win32') t.is(homeFolder(), '/somewhere')
})
