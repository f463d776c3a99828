/** What stands between a cell and the rest of the machine, beside the isolate: the words of the contract's `PluginWalls`. */
export interface Walls {
  readonly files: 'own-root' | 'own-user' | 'permission-model'
  readonly network: 'own-namespace' | 'permission-model'
  readonly processes: 'own-namespace' | 'own-user' | 'permission-model'
  readonly systemCalls: 'filtered' | 'unfiltered'
  readonly memory: 'kernel-limit' | 'watched'
  readonly user: 'own' | 'namespaced' | 'no-new-privileges' | 'same'
}

/** The files of a cell. */
export interface CellFiles {
  /** The program, which the cell reads from its standard input: it needs no right to read any file. */
  readonly program: string
  /** The native addon. */
  readonly addon: string
  /** The system calls that are let through, compiled. */
  readonly filter: string
}

/** How to start a cell behind walls: a command that runs Node with `flags`, then the addon's path and `rest`. */
export interface Launch {
  readonly command: readonly string[]
  /** Where the command finds the addon. */
  readonly addon: string
  /** What a command is run by that acts on the cell's process, where that is not for the node's own user to do. */
  readonly actBy: readonly string[]
  /** Files that are open to the command, from descriptor `FIRST_EXTRA` on. */
  readonly open: readonly string[]
  /** Those of them that the cell itself has to close. */
  readonly closeInside: readonly number[]
  /** The environment of the command; the cell itself has none. */
  readonly env: Readonly<Record<string, string>>
  /** Whether the cell ends with the node even while it is at work. */
  readonly endsWithNode: boolean
  /** Whether the command, having started the cell as its child, says on `TELLS` which process that is. */
  readonly tells: boolean
}

/** One way to start cells. */
export interface WallPlan {
  readonly name: string
  /** Whether nothing is put up that might fail. */
  readonly bare: boolean
  readonly walls: Walls
  /** `serial` is another number for every cell. */
  launch(files: CellFiles, serial: number): Launch
}

/** The descriptor on which a command tells the cell's process. */
export const TELLS = 4
export const FIRST_EXTRA = 5
