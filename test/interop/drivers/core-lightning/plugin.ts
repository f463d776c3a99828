// Runs as a plugin of Core Lightning, which by itself neither holds a payment nor refuses an opening: it does both where
// its operator's plugins say so. Speaks JSON-RPC over standard input and output.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { PLUGIN_METHODS, type PluginState } from './plugin-state.ts'

interface Request {
  readonly id?: number | string
  readonly method: string
  readonly params: unknown
}

interface HtlcAccepted {
  readonly htlc: { readonly payment_hash: string; readonly amount_msat: number; readonly cltv_expiry_relative: number }
  readonly onion: { readonly short_channel_id?: string }
}

/** In the peer's own folder, where the program runs: over a restart the same payments are held. */
const STATE = 'fulgurite-plugin.json'

const read = (): PluginState =>
  existsSync(STATE)
    ? (JSON.parse(readFileSync(STATE, 'utf8')) as PluginState)
    : { held: [], failing: [], refusesOpenings: false, trustsOpeners: false }

let state = read()

const change = (next: Partial<PluginState>): void => {
  state = { ...state, ...next }
  writeFileSync(STATE, JSON.stringify(state))
}

/** By payment hash, what answers each HTLC that waits. */
const waiting = new Map<string, (() => void)[]>()

const release = (hash: string): void => {
  for (const answer of waiting.get(hash) ?? []) answer()
  waiting.delete(hash)
}

const reply = (id: Request['id'], result: object): void => {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`)
}

/** BOLT 4: `incorrect_or_unknown_payment_details`, with the amount; the height is of no account here. */
const failure = ({ htlc }: HtlcAccepted): string => `400f${htlc.amount_msat.toString(16).padStart(16, '0')}00000000`

const answerHtlc = (id: Request['id'], accepted: HtlcAccepted): void => {
  const hash = accepted.htlc.payment_hash
  if (state.failing.includes(hash)) reply(id, { result: 'fail', failure_message: failure(accepted) })
  else reply(id, { result: 'continue' })
}

const methods: Readonly<Record<string, (id: Request['id'], params: unknown) => void>> = {
  getmanifest(id) {
    reply(id, {
      dynamic: true,
      options: [],
      hooks: [{ name: 'htlc_accepted' }, { name: 'openchannel' }, { name: 'openchannel2' }],
      rpcmethods: Object.values(PLUGIN_METHODS).map((name) => ({ name, usage: '', description: 'for tests' })),
    })
  },
  init(id) {
    reply(id, {})
  },
  htlc_accepted(id, params) {
    const accepted = params as HtlcAccepted
    const hash = accepted.htlc.payment_hash
    // What is only relayed is held nowhere.
    if (!state.held.includes(hash) || accepted.onion.short_channel_id !== undefined) {
      answerHtlc(id, accepted)
      return
    }
    waiting.set(hash, [...(waiting.get(hash) ?? []), () => answerHtlc(id, accepted)])
  },
  openchannel: answerOpening,
  openchannel2: answerOpening,
  [PLUGIN_METHODS.hold](id, params) {
    change({ held: [...state.held, hashIn(params)] })
    reply(id, {})
  },
  [PLUGIN_METHODS.isHeld](id, params) {
    reply(id, { held: waiting.has(hashIn(params)) })
  },
  [PLUGIN_METHODS.settle](id, params) {
    const hash = hashIn(params)
    change({ held: state.held.filter((each) => each !== hash) })
    release(hash)
    reply(id, {})
  },
  [PLUGIN_METHODS.fail](id, params) {
    const hash = hashIn(params)
    change({ held: state.held.filter((each) => each !== hash), failing: [...state.failing, hash] })
    release(hash)
    reply(id, {})
  },
  [PLUGIN_METHODS.refuseOpenings](id, params) {
    change({ refusesOpenings: (params as { on: boolean }).on })
    reply(id, {})
  },
  [PLUGIN_METHODS.trustOpeners](id, params) {
    change({ trustsOpeners: (params as { on: boolean }).on })
    reply(id, {})
  },
}

function answerOpening(id: Request['id']): void {
  if (state.refusesOpenings) reply(id, { result: 'reject', error_message: 'no more channels' })
  else reply(id, { result: 'continue', ...(state.trustsOpeners ? { mindepth: 0 } : {}) })
}

function hashIn(params: unknown): string {
  return (params as { payment_hash: string }).payment_hash
}

let rest = ''
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  const parts = (rest + text).split('\n\n')
  rest = parts.pop() ?? ''
  for (const json of parts) {
    const request = JSON.parse(json) as Request
    methods[request.method]?.(request.id, request.params)
  }
})
