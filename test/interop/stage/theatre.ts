import type { ExecutionContext } from 'ava'
import type { Peer, PeerDriver } from '../drivers/driver.ts'
import { bitcoindGround, embeddedGround, type Ground } from './ground.ts'
import { type Cast, Stage } from './stage.ts'

/** Enough for all that the scenarios have a peer open, in coins that it can use beside one another. */
const PEER_COINS = 20
const PEER_COIN_SAT = 20_000_000n
const BIG_COIN_SAT = 200_000_000n

/**
 * Where the scenarios of one peer are played. Peers in this process have a chain for each scenario; programs take seconds
 * to start, so their scenarios share the chain and the peers, unless one asks for its own.
 */
export class Theatre {
  readonly #driver: PeerDriver
  readonly #beside: PeerDriver | undefined
  #shared: { readonly ground: Ground; readonly peers: Map<string, Peer> } | undefined
  #scenes = 0
  #started = 0

  constructor(driver: PeerDriver, beside?: PeerDriver) {
    this.#driver = driver
    this.#beside = beside
  }

  /** Ends with the test. */
  async stage(t: ExecutionContext, wantsOwn: boolean): Promise<Stage> {
    const name = `scene ${this.#scenes++}`
    if (this.#driver.ground === 'embedded') {
      const ground = await embeddedGround()
      return this.#open(t, name, ground, new Map(), true)
    }
    this.#shared ??= { ground: await bitcoindGround(), peers: new Map() }
    return this.#open(t, name, this.#shared.ground, wantsOwn ? new Map() : this.#shared.peers, false, wantsOwn)
  }

  async close(): Promise<void> {
    for (const peer of this.#shared?.peers.values() ?? []) await peer.dispose()
    await this.#shared?.ground.close()
  }

  #open(
    t: ExecutionContext,
    name: string,
    ground: Ground,
    peers: Map<string, Peer>,
    ownsGround: boolean,
    ownsPeers = ownsGround,
  ): Stage {
    const enter = async (driver: PeerDriver, index: number): Promise<Peer> => {
      const name = `${driver.peer}-${index}`
      const known = peers.get(name)
      if (known !== undefined) {
        if (!known.isRunning) await known.start()
        return known
      }
      const number = ownsPeers ? index + 1 : ++this.#started
      const peer = await driver.start(ground, name, number)
      peers.set(name, peer)
      if (!ownsGround) await supply(ground, peer)
      return peer
    }
    const cast: Cast = {
      peer: (index) => enter(this.#driver, index),
      other: () =>
        this.#beside === undefined
          ? Promise.reject(new Error(String(this.#driver.abilities['beside-others'])))
          : enter(this.#beside, 0),
    }
    const stage = new Stage(t, ground, name, this.#driver.abilities, cast)
    t.teardown(async () => {
      if (!t.passed) for (const text of stage.diagnosis) t.log(text)
      await stage.close()
      if (ownsPeers) for (const peer of peers.values()) await peer.dispose()
      if (ownsGround) await ground.close()
    })
    return stage
  }
}

const supply = async (ground: Ground, peer: Peer): Promise<void> => {
  const script = await peer.newScript()
  for (let i = 0; i < PEER_COINS; i++) await ground.pay(script, PEER_COIN_SAT)
  await ground.pay(script, BIG_COIN_SAT)
  const height = await ground.mine(1)
  while (!(await peer.knowsBlock(height)) || (await peer.walletSat()) < BIG_COIN_SAT)
    await new Promise((resolve) => setTimeout(resolve, 50))
}
