// Serial: each file runs whole nodes, and LDK's WASM beside them.
export default {
  extensions: ['ts'],
  workerThreads: false,
  nodeArguments: ['--conditions=fulgurite-source', '--no-node-snapshot', '--disable-warning=ExperimentalWarning'],
  files: ['test/interop/**/*.test.ts'],
  serial: true,
  concurrency: 1,
  timeout: '600s',
}
