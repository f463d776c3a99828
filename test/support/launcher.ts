import { fileURLToPath } from 'node:url'
import { FLAGS, SOURCE_FLAGS, withAllocator } from '../../core/bin/launch.js'

// How the launcher starts a node, for those who start one themselves: it need not start another then.

/** The `fulgurite` command. */
export const LAUNCHER = fileURLToPath(new URL('../../core/bin/fulgurite.js', import.meta.url))

export const NODE_FLAGS: readonly string[] = [...FLAGS, ...SOURCE_FLAGS]

export const nodeEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => withAllocator(env)
