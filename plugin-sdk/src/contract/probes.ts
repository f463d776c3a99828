import { z } from 'zod'
import { field, named } from './field.ts'
import { PaymentFailure, TriedHop } from './payments.ts'
import { ChannelId, Flag, Msat, Name, NodeId, PaymentHash, Timestamp } from './scalars.ts'

const ProbedPart = named(
  'ProbedPart',
  'One HTLC of a probe.',
  z.object({
    channelId: ChannelId,
    amountMsat: field(Msat, { summary: 'What would arrive of it.' }),
    feesMsat: Msat,
    status: field(z.enum(['in-flight', 'reached', 'failed']), { summary: 'Whether it came to the destination.' }),
    failure: PaymentFailure.optional(),
    hops: z.array(TriedHop).readonly(),
  }),
)

const begun = {
  paymentHash: field(PaymentHash, { summary: 'A random number: nobody knows a preimage of it.' }),
  destination: NodeId,
  amountMsat: field(Msat, { summary: 'What would arrive, all parts together.' }),
  feesMsat: field(Msat, { summary: 'What relays would charge.' }),
  parts: z.array(ProbedPart).readonly(),
  plugin: field(Name, { summary: 'Who has asked; the operator if not said.' }).optional(),
  startedAt: Timestamp,
}

export const probed = {
  ...begun,
  reached: field(Flag, { summary: 'Whether all parts came to the destination: the amount gets through now.' }),
  endedAt: Timestamp,
}

export const Probe = named('Probe', 'What came back of a probe.', z.object(probed))

export const ProbeUnderWay = named('ProbeUnderWay', 'A probe of which something is still out.', z.object(begun))
