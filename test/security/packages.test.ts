import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import type { TestHost } from '../../core/src/plugins/testing/test-host.ts'
import { testHost } from '../../core/src/plugins/testing/test-host.ts'
import { PACKAGES, REFUSED } from './support/package-styles.ts'

// Packages are written in the styles of twenty years, and bundled with a plugin. What all objects share is frozen beneath them.

const test = anyTest as TestFn<TestHost>

test.before(async (t) => {
  t.context = await testHost()
})

test.after.always((t) => t.context.close())

let users = 0

const use = (host: TestHost, files: Readonly<Record<string, string>>) => {
  const name = `user-${users++}`
  const code = `
    import { definePlugin } from '@fulgurite/plugin-sdk'
    import { said } from 'old-package'
    export default definePlugin(({ log }) => log.info('said', JSON.stringify(said)))`
  const folder = join(host.write({ name, code }), 'node_modules', 'old-package')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'old-package', main: './index.js' }))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return { name, install: () => host.install({ name, code }) }
}

for (const [style, { files, says }] of Object.entries(PACKAGES)) {
  test.serial(`a package works in a plugin — ${style}`, async (t) => {
    const { name, install } = use(t.context, files)
    await install()
    const { text } = await t.context.line(name, /^said/)
    t.deepEqual(JSON.parse(text.slice('said '.length)), says)
  })
}

for (const [what, code] of Object.entries(REFUSED)) {
  test.serial(`a package that changes what all objects share is told so, and where — ${what}`, async (t) => {
    const { install } = use(t.context, { 'index.js': `'use strict'\n${code}\nexports.said = 1` })
    const { message } = (await t.throwsAsync(install)) ?? {}
    t.regex(
      message ?? '',
      /^start-failed: .*TypeError: Cannot (assign|add).*node_modules\/old-package\/index\.js:\d+:\d+/s,
    )
  })
}
