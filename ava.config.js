// One process a file: isolated-vm needs --no-node-snapshot, which worker threads refuse.
export default {
  extensions: ['ts'],
  workerThreads: false,
  nodeArguments: ['--conditions=fulgurite-source', '--no-node-snapshot', '--disable-warning=ExperimentalWarning'],
  files: [
    'core/src/**/*.test.ts',
    'plugin-sdk/src/**/*.test.ts',
    'plugins-examples/*/src/**/*.test.ts',
    'test/**/*.test.ts',
    '!test/bitcoind/**',
    '!test/interop/**',
  ],
  timeout: '120s',
}
