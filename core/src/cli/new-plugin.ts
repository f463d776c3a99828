import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { CliFailure, usage } from './failure.ts'
import { type CliIo, EXIT } from './io.ts'

const TEMPLATE_NAME = 'my-plugin'

/** `plugins new`: a small working plugin, in a folder of its own that does not depend on this repository. */
export const addNewPlugin = (program: Command, io: CliIo, done: (exitCode: number) => void): void => {
  program.commands
    .find((command) => command.name() === 'plugins')
    ?.command('new')
    .description('Writes a small plugin that works into a new folder: manifest, source, test.')
    .argument('<name>', "the plugin's name, and its folder's: lower-case letters, digits and hyphens")
    .action((name: string, _flags, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: true }>()
      const { folder, files } = writePlugin(name, io.cwd)
      io.out(json ? `${JSON.stringify({ folder, files })}\n` : nextSteps(name, files))
      done(EXIT.done)
    })
}

const writePlugin = (name: string, cwd: string): { readonly folder: string; readonly files: readonly string[] } => {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) {
    throw usage('<name>: expected lower-case letters, digits and hyphens', undefined, 'name')
  }
  const folder = resolve(cwd, name)
  if (existsSync(folder)) {
    throw new CliFailure(EXIT.refused, {
      code: 'folder-exists',
      message: `<name>: ${folder} exists already: choose another name, or run this in another folder`,
      field: 'name',
    })
  }
  const sdk = fileURLToPath(new URL('.', import.meta.resolve('@fulgurite/plugin-sdk/package.json')))
  mkdirSync(folder)
  try {
    packSdk(sdk, folder)
    const template = join(sdk, 'template')
    const names = readdirSync(template)
    for (const file of names) {
      const text = readFileSync(join(template, file), 'utf8')
      writeFileSync(join(folder, file), text.replaceAll(TEMPLATE_NAME, name))
    }
    return { folder, files: names }
  } catch (thrown) {
    rmSync(folder, { recursive: true })
    throw thrown
  }
}

/** The plugin's types, and what its test runs on, lie beside it, so that the folder can be moved anywhere. */
const packSdk = (sdk: string, folder: string): void => {
  // An SDK that was installed from a package is compiled already.
  const flags = existsSync(join(sdk, 'tsconfig.build.json')) ? [] : ['--ignore-scripts']
  const { status, error, stderr } = spawnSync('npm', ['pack', '--silent', ...flags, '--pack-destination', folder], {
    cwd: sdk,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  throw new CliFailure(EXIT.refused, {
    code: 'sdk-not-packed',
    message: `npm pack in ${sdk} failed: ${error?.message ?? stderr.trim()}`,
    hint: 'to pack the SDK, npm is needed, and what npm ci installs',
  })
}

const nextSteps = (name: string, files: readonly string[]): string =>
  [
    `${name}/ is a plugin that adds up what relays earn:`,
    ...files.map((file) => `  ${file}`),
    'Install it in a node that runs, and see what it logs:',
    `  fulgurite plugins install ${name}`,
    `  fulgurite plugins logs ${name} --follow`,
    'Get its types for your editor, check them, and run its test:',
    `  cd ${name} && npm install && npm test`,
    '',
  ].join('\n')
