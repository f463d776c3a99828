const parts = (version: string): readonly [number, number, number] => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return [major, minor, patch]
}

/**
 * Whether a contract version lies in a range: `1.2.3` exactly, `~1.2.3` any later patch, `^1.2.3` any later version that
 * breaks nothing (before 1.0.0 a minor version may break).
 */
export const satisfiesRange = (version: string, range: string): boolean => {
  const [major, minor, patch] = parts(version)
  const [wantedMajor, wantedMinor, wantedPatch] = parts(range.replace(/^[~^]/, ''))
  if (major !== wantedMajor) return false
  const samePatch = minor === wantedMinor && patch === wantedPatch
  if (range.startsWith('~') || (range.startsWith('^') && major === 0))
    return minor === wantedMinor && patch >= wantedPatch
  if (range.startsWith('^')) return minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch)
  return samePatch
}
