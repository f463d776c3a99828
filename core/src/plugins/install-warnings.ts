import { CONTRACT_VERSION } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'

/** What the operator should know of a plugin that was installed. */
export const warningsFor = ({ permissions, contributions, calls }: Manifest): readonly string[] => {
  const warnings: string[] = []
  if (permissions.http.length > 0)
    warnings.push('permissions.http: this version of the node makes no requests for plugins')
  if (permissions.secrets.length > 0)
    warnings.push(`it sees secrets in the replies of ${permissions.secrets.join(', ')}`)
  if (calls.length > 0) warnings.push('calls: this version of the node lets no plugin call another')
  const given = Object.entries(contributions).filter(([, value]) => Object.keys(value).length > 0)
  for (const [name] of given)
    warnings.push(`contributions.${name}: this version of the node (contract ${CONTRACT_VERSION}) does not use them`)
  return warnings
}
