// Files of the system's loader: no addon, and not what the kernel maps.
const LIBRARY = /^\/.*\.so(\.\d+)*$/

/**
 * The shared libraries that this very process runs on, under the names by which its loader found them. A cell runs on the
 * same program, and its addon needs no other.
 */
export const sharedLibraries = (): readonly string[] => {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean }
  const { excludeNetwork } = report
  // Looking at the network's interfaces takes long.
  report.excludeNetwork = true
  const { sharedObjects } = report.getReport() as { readonly sharedObjects?: readonly string[] }
  report.excludeNetwork = excludeNetwork
  return (sharedObjects ?? []).filter((path) => LIBRARY.test(path))
}
