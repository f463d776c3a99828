// Against a real bitcoind: BITCOIND names its path. One test at a time, since each starts processes of its own.
export default {
  extensions: ['ts'],
  workerThreads: false,
  nodeArguments: ['--conditions=fulgurite-source', '--no-node-snapshot', '--disable-warning=ExperimentalWarning'],
  files: ['test/bitcoind/**/*.test.ts'],
  concurrency: 1,
  serial: true,
  timeout: '300s',
}
