/**
 * Milliseconds of processor time that this thread has had. What is charged to someone is measured by it: a machine that is
 * busy, or stops for a while, is nobody's fault.
 */
export const threadTime = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
