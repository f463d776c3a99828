import { existsSync } from 'node:fs'
import type { CancelTimer } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { type CellEnvironment, CellProcess } from './cell-process.ts'
import type { CellFault } from './cell-protocol.ts'
import { PROGRAM_MISSING } from './restarts.ts'
import type { WallPlan, Walls } from './walls/wall-plan.ts'

/** The walls that are up, and those that were tried before and could not be put up. */
export interface StandingWalls {
  readonly walls: Walls
  /** In words, what they are made of. */
  readonly by: string
  readonly passedOver: readonly { readonly plan: string; readonly why: string }[]
}

export interface CellPoolOptions {
  readonly environment: CellEnvironment
  /** The ways to start cells, the strongest first. Tried until one of them works. */
  readonly plans: () => readonly WallPlan[]
  /** Keeps a process ready while plugins are being started, so that the next start does not wait for one. */
  readonly keepSpare: boolean
  /** The first cell has started. */
  readonly onWalls: (standing: StandingWalls) => void
}

/**
 * Plugins are started one after the other: with the node, or by an operator who tries things. A process that waits longer than
 * that for the next start is memory for nothing.
 */
const SPARE_MS = 10_000

const NO_WALLS: CellFault = {
  code: 'walls-missing',
  text:
    'as root, a plugin that escapes would own this machine, and nothing here can hold it: install bubblewrap (Debian, ' +
    'Ubuntu: apt install bubblewrap), or run the node as a user of its own, or insist with --plugins-without-walls',
}

/**
 * Starts cells. The first cell tries the walls: if a way to start cells does not work, the pool takes the next one, and keeps to it
 * from then on.
 */
export class CellPool {
  readonly #options: CellPoolOptions
  readonly #starting = new Set<CellProcess>()
  #plan: WallPlan | undefined
  #standing: StandingWalls | undefined
  #trial: Promise<unknown> | undefined
  #spare: CellProcess | undefined
  #cancelSpare: CancelTimer | undefined
  #closed = false
  #serial = 0

  constructor(options: CellPoolOptions) {
    this.#options = options
  }

  /** What stands around the cells; `undefined` before the first one has started. */
  get standing(): StandingWalls | undefined {
    return this.#standing
  }

  /** A cell without a plugin. It is the caller's from now on. */
  async take(): Promise<Result<CellProcess, CellFault>> {
    // As long as nobody knows which walls can be put up, one cell finds out for all.
    while (this.#plan === undefined && this.#trial !== undefined) await this.#trial
    if (this.#closed) return err(STOPPING)
    const plan = this.#plan
    const taken = plan === undefined ? await this.#try() : await this.#spareOrNew(plan)
    this.#warm()
    return taken
  }

  /**
   * Somebody is going to take a cell. Finds out whether one can be started, and sees to it that one is. Returns why none can be
   * started.
   */
  async prove(): Promise<CellFault | undefined> {
    while (this.#plan === undefined && this.#trial !== undefined) await this.#trial
    if (this.#plan !== undefined) {
      this.#warm()
      return undefined
    }
    const tried = await this.#try()
    if (!tried.ok) return tried.error
    if (this.#closed) {
      tried.value.end(STOPPING)
      return STOPPING
    }
    this.#keep(tried.value)
    return undefined
  }

  async #try(): Promise<Result<CellProcess, CellFault>> {
    const trial = this.#tryPlans().finally(() => {
      this.#trial = undefined
    })
    this.#trial = trial
    return trial
  }

  close(): void {
    this.#closed = true
    this.#cancelSpare?.()
    for (const cell of [...this.#starting, this.#spare]) cell?.end(STOPPING)
    this.#options.environment.startGuard.close()
  }

  /** Begins to start the spare, if there is none. It waits for a plugin from now on. */
  #warm(): void {
    const plan = this.#plan
    if (!this.#options.keepSpare || this.#closed || plan === undefined) return
    try {
      this.#keep(this.#spare === undefined || this.#spare.phase === 'ended' ? this.#open(plan) : this.#spare)
    } catch {
      // Nobody waits for it. The next caller that wants a cell is told why there is none.
    }
  }

  #keep(spare: CellProcess): void {
    // Two may have come to be at once, when it turned out which walls can be put up.
    if (this.#spare !== spare) this.#spare?.end(NOT_WANTED)
    this.#spare = spare
    this.#cancelSpare?.()
    this.#cancelSpare = this.#options.environment.clock.setTimer(SPARE_MS, () => {
      this.#spare?.end(NOT_WANTED)
      this.#spare = undefined
    })
  }

  async #tryPlans(): Promise<Result<CellProcess, CellFault>> {
    const passedOver: StandingWalls['passedOver'][number][] = []
    const plans = this.#options.plans()
    for (const plan of plans) {
      const cell = this.#open(plan)
      const started = await this.#ready(cell)
      if (started.ok) {
        this.#plan = plan
        this.#standing = { walls: plan.walls, by: plan.name, passedOver }
        this.#options.onWalls(this.#standing)
        return started
      }
      // A way is passed over only if it says itself that it does not work, not if a busy machine kept it from answering; and if
      // nothing is to hold the cell, the fault is another one.
      if (!cell.refused || plan.bare || this.#closed || started.error.code === PROGRAM_MISSING) return started
      passedOver.push({ plan: plan.name, why: started.error.text })
    }
    const why = passedOver.map((each) => `${each.plan}: ${each.why}`).join('; ')
    return err({ code: NO_WALLS.code, text: why === '' ? NO_WALLS.text : `${NO_WALLS.text} (tried: ${why})` })
  }

  async #spareOrNew(plan: WallPlan): Promise<Result<CellProcess, CellFault>> {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) {
      const ready = await this.#ready(spare)
      if (ready.ok || this.#closed) return ready
    }
    return this.#ready(this.#open(plan))
  }

  /** Told apart from what a plugin does: an install takes the program away and puts another in its place. */
  #missing(): CellFault | undefined {
    const { addon } = this.#options.environment.files
    const gone = [process.execPath, addon].find((path) => !existsSync(path))
    if (gone === undefined) return undefined
    return { code: PROGRAM_MISSING, text: `${gone} is not there: the program is being installed anew, or was moved` }
  }

  #open(plan: WallPlan): CellProcess {
    this.#serial += 1
    const { environment } = this.#options
    return new CellProcess(environment, plan, this.#serial)
  }

  async #ready(cell: CellProcess): Promise<Result<CellProcess, CellFault>> {
    this.#starting.add(cell)
    const fault = await cell.ready
    this.#starting.delete(cell)
    if (this.#closed) {
      cell.end(STOPPING)
      return err(STOPPING)
    }
    return fault === undefined ? ok(cell) : err(this.#missing() ?? fault)
  }
}

const NOT_WANTED: CellFault = { code: 'stopped', text: 'no plugin was started for a while' }
const STOPPING: CellFault = { code: 'stopped', text: 'the host is stopping' }
