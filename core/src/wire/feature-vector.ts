import type { Flavor } from '../lib/flavor.ts'

/** Feature bits as BOLT 9 writes them: big-endian bytes, bit 0 the lowest bit of the last byte. */
export type FeatureVector = Flavor<Uint8Array, 'feature-vector'>
