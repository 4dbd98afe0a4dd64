import { ADDRESS_MODES } from './max-pods.ts';

const count = { type: 'integer', minimum: 0 } as const;

/** JSON Schema of what `max-pods --json` says of a type; names and meanings stay, more may be added. */
export const POD_ROOM_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: [
    ...['instanceType', 'maxPods', 'mode', 'customNetworking', 'cards', 'enis', 'reservedEnis', 'addressesPerEni'],
    ...['addressable', 'ceiling', 'limitedBy', 'trunk', 'branchEnis', 'notes'],
  ],
  additionalProperties: false,
  properties: {
    ok: { const: true },
    instanceType: { type: 'string' },
    maxPods: { ...count, description: 'what the kubelet may take, pods on the network of the host included' },
    mode: { enum: ADDRESS_MODES },
    customNetworking: { type: 'boolean' },
    cards: { type: 'integer', minimum: 1, description: 'network cards whose ENIs serve pods' },
    enis: { ...count, description: 'ENIs that serve pods' },
    reservedEnis: count,
    addressesPerEni: count,
    addressable: { ...count, description: 'what the limits of EC2 leave room for, before the ceiling' },
    ceiling: { enum: [110, 250] },
    limitedBy: { enum: ['addresses', 'ceiling', 'MAX_PODS'] },
    trunk: { enum: [0, 1], description: 'ENIs the trunk takes' },
    branchEnis: { ...count, description: 'pods with security groups of their own the trunk carries' },
    notes: { type: 'array', items: { type: 'string' } },
    written: {
      type: 'object',
      required: ['path', 'change'],
      additionalProperties: false,
      properties: { path: { type: 'string' }, change: { enum: ['written', 'unchanged'] } },
    },
  },
} as const;
