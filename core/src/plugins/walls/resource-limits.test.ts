import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { dataLimiter } from './resource-limits.ts'

const onPosix = process.platform === 'win32' ? test.skip : test
if (process.platform === 'win32') test('skipped: no shell script can stand for prlimit here', (t) => t.pass())

onPosix('what should limit a process and does not come to an end has not limited it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-limits-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const stuck = join(folder, 'prlimit')
  writeFileSync(stuck, '#!/bin/sh\nwhile :; do read nothing < "$0.pipe"; done\n')
  chmodSync(stuck, 0o700)
  execFileSync('mkfifo', [`${stuck}.pipe`])
  t.false(await dataLimiter(stuck, 1)?.(process.pid, 1 << 30, []))
})

test('without a limiter there is none', (t) => {
  t.is(dataLimiter(undefined), undefined)
})
