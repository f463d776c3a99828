import { bitcoindBackend } from '../chain/bitcoind/bitcoind-backend.ts'
import { bitcoindWallet } from '../chain/bitcoind/bitcoind-wallet.ts'
import { askSecretly } from '../lib/ask-secret.ts'
import { systemClock } from '../lib/clock.ts'
import { homeFolder } from '../lib/home.ts'
import { systemRng } from '../lib/rng.ts'
import { bitcoindConfig } from './config.ts'
import { openDataFolder } from './data-folder.ts'
import { failureFields } from './node-logger.ts'
import type { StartOptions } from './options.ts'
import { passphraseSource } from './passphrase.ts'
import { checkPorts } from './ports.ts'
import { type NodePlaces, runNode } from './running-node.ts'
import { tellWaiting } from './slow-start.ts'
import { stopRequest } from './stop-request.ts'
import { tellFailure, tellWarnings } from './tell-failure.ts'
import { stdoutTerminal } from './terminal.ts'

/** Runs a node on a bitcoind until it is told to stop. */
export const startOnBitcoind = async (options: StartOptions): Promise<number> => {
  const { json } = options
  const surroundings = { env: process.env, home: homeFolder(), platform: process.platform }
  const configured = bitcoindConfig(options, surroundings)
  if (!configured.ok) return tellFailure(configured.error, json)
  const ports = await checkPorts(configured.value, { listen: false, api: false })
  if (!ports.ok) return tellFailure(ports.error, json)
  const config = ports.value
  const opened = await openDataFolder(
    config,
    systemRng,
    passphraseSource(process.env, options.seedPassphraseFile, (question) => askSecretly(question)),
  )
  if (!opened.ok) return tellFailure(opened.error, json)
  const folder = opened.value
  const { log } = folder
  const stop = stopRequest(() => log.flush())
  process.on('uncaughtExceptionMonitor', (error) => {
    log.error('process.bug', { error: error.stack ?? error.message })
    log.flush()
  })
  const giveUp = new AbortController()
  void stop.asked.then(() => giveUp.abort())
  const backend = bitcoindBackend({
    network: config.network,
    rpc: config.rpc,
    ...(config.zmqUrl === undefined ? {} : { zmqUrl: config.zmqUrl }),
    clock: systemClock,
    onProblem: (problem) => log.warn('chain.bitcoind-problem', failureFields(problem)),
    onReachable: () => log.info('chain.bitcoind-reachable'),
    onWarmingUp(detail) {
      log.info('chain.bitcoind-warming-up', { detail })
      tellWaiting(detail)
    },
    giveUp: giveUp.signal,
  })
  const { rpc, wallet } = config
  const running = await runNode({
    config,
    folder,
    backend,
    bitcoindWallet:
      wallet === undefined
        ? undefined
        : bitcoindWallet({ name: wallet, rpc, clock: systemClock, giveUp: giveUp.signal }),
    backendName: 'bitcoind',
    clock: systemClock,
    rng: systemRng,
    onStopAsked: () => stop.ask('command'),
  })
  if (!running.ok) {
    log.error('node.start-failed', failureFields(running.error))
    await folder.abandon()
    stop.release()
    return tellFailure(running.error, json)
  }
  tellWarnings(running.value.warnings)
  if (json) process.stdout.write(`${JSON.stringify(running.value.places)}\n`)
  else tellPlaces(running.value.places)
  await stop.asked
  await running.value.stop()
  await folder.close()
  stop.release()
  return 0
}

const tellPlaces = ({ nodeId, network, listen, api, data, log }: NodePlaces): void => {
  const { line, bold, dim } = stdoutTerminal()
  line(`${bold('Fulgurite')} is running on ${network}.`)
  line(`${dim('node id')}  ${nodeId}`)
  line(`${dim('peers')}    ${nodeId}@${listen}`)
  line(`${dim('API')}      ${api} ${dim('(its token is in api.json)')}`)
  line(`${dim('data')}     ${data}`)
  line(`${dim('log')}      ${log}`)
  line(dim('Ctrl-C stops it.'))
}
