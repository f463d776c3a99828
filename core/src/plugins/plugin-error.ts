/** Why something cannot be done to a plugin. */
export interface PluginError<Code extends PluginErrorCode = PluginErrorCode> {
  readonly code: Code
  readonly message: string
  /** Of the request or the manifest. */
  readonly field?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** What may be wrong with a plugin's folder. */
export type FolderErrorCode = 'path-not-found' | 'manifest-invalid' | 'contract-mismatch' | 'bundle-failed'

/** Why no plugin may run here, or none more. */
export type RoomErrorCode = 'node-too-old' | 'walls-missing' | 'too-many-plugins' | 'limits-exceeded'

export type PluginErrorCode =
  | FolderErrorCode
  | RoomErrorCode
  | 'config-invalid'
  | 'consent-needed'
  | 'integrity-mismatch'
  | 'lock-file-damaged'
  | 'plugin-disabled'
  | 'plugin-not-found'
  | 'plugin-not-running'
  | 'start-failed'
