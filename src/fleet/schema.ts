const count = { type: 'integer', minimum: 0 } as const;
const seconds = { type: ['number', 'null'], minimum: 0 } as const;
const text = { type: 'string' } as const;

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** An object with exactly these members. */
const exactly = (properties: Readonly<{ [name: string]: object }>) => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});

const list = (items: object) => ({ type: 'array', items });

const spread = { count, p50: seconds, p90: seconds, p99: seconds, last: seconds };

const PLAN = exactly({
  name: text,
  instanceType: text,
  mode: { enum: ['secondary', 'prefix', 'ipv6'] },
  nodes: count,
  pods: count,
  mostPods: count,
  unplacedPods: count,
  perNode: list(exactly({ pods: count, nodes: count, enis: count, addresses: count, prefixes: count, warm: count })),
  enis: count,
  addresses: count,
  primary: count,
  prefixes: count,
  taken: count,
  warm: count,
  nau: count,
  nauQuota: count,
  full: exactly({ pods: count, taken: count, nau: count }),
  subnets: list(
    exactly({
      cidr: text,
      for: { enum: ['nodes', 'pods'] },
      ...{ usable: count, others: count, taken: count, free: count, freePrefixes: count },
    }),
  ),
  room: { anyOf: [{ type: 'null' }, exactly({ nodes: count, subnet: text })] },
  podsPerNode: { type: ['integer', 'null'] },
  fits: { type: 'boolean' },
});

const RUN = exactly({
  name: text,
  instanceType: text,
  nodes: count,
  pods: exactly({ least: count, most: count }),
  mode: { enum: ['secondary', 'prefix', 'ipv6'] },
  seed: count,
  ready: exactly(spread),
  targets: exactly(spread),
  adds: exactly({ ...spread, late: count }),
  calls: list(
    exactly({ action: text, granted: count, throttled: count, refused: count, floorSeconds: { type: 'number' } }),
  ),
  floor: { anyOf: [{ type: 'null' }, exactly({ action: text, seconds: { type: 'number' } })] },
  addresses: exactly({ most: count, end: count, pods: count, warm: count }),
  enis: count,
  prefixes: count,
  subnets: list(exactly({ cidr: text, usable: count, free: count, freePrefixes: count })),
  short: exactly({ unlaunched: count, unready: count, waitingPods: count, unservedPods: count, unplacedPods: count }),
  virtualSeconds: { type: 'number' },
  samples: list(exactly({ seconds: { type: 'number' }, ready: count, taken: count, pods: count, waiting: count })),
});

/** JSON Schemas of `fleet plan --json` and `fleet simulate --json`; names and meanings stay, more may be added. */
export const FLEET_SCHEMAS = {
  plan: { $schema: DRAFT, ...exactly({ ok: { const: true }, plans: list(PLAN) }) },
  simulate: { $schema: DRAFT, ...exactly({ ok: { const: true }, runs: list(RUN) }) },
};
