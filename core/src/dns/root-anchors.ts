import { fromHex } from '../lib/bytes.ts'
import type { KeyDigest } from './signed-records.ts'

const anchor = (keyTag: number, digest: string): KeyDigest => ({
  keyTag,
  algorithm: 8,
  digestType: 2,
  digest: fromHex(digest),
})

/** The keys of the root that ICANN has in use, as https://data.iana.org/root-anchors/root-anchors.xml names them: of 2017 and of 2024. */
export const ROOT_ANCHORS: readonly KeyDigest[] = [
  anchor(20326, 'e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d'),
  anchor(38696, '683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16'),
]
