const text = (maxLength = 255): object => ({ type: 'string', minLength: 1, maxLength });
const count = (maximum: number): object => ({ type: 'integer', minimum: 0, maximum });
const flag = { type: 'boolean' } as const;
const tags = { type: 'object', maxProperties: 50, additionalProperties: { type: 'string', maxLength: 256 } } as const;
const list = (items: object, maxItems: number): object => ({ type: 'array', items, maxItems });

/** An object with these keys and no others. */
export const strictObject = (
  required: Readonly<Record<string, object>>,
  optional: Readonly<Record<string, object>> = {},
): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

/** Ten minutes: as long as the slowest EC2 anybody has seen. */
const MAX_MS = 600_000;
/** JSON schema of milliseconds or a range of them; that the first is not the longer one is checked apart. */
export const SPAN_SCHEMA = {
  anyOf: [count(MAX_MS), { type: 'array', items: count(MAX_MS), minItems: 2, maxItems: 2 }],
} as const;

/** The largest instance type holds 64 addresses on an ENI. */
const MOST_ADDRESSES = 64;

const eni = {
  subnet: text(),
  securityGroups: list(text(), 16),
  secondaryAddresses: count(MOST_ADDRESSES),
  prefixes: count(MOST_ADDRESSES),
  ipv6Addresses: count(MOST_ADDRESSES),
  ipv6Prefixes: count(MOST_ADDRESSES),
} as const;

const networkInterface = strictObject(
  { deviceIndex: count(99) },
  {
    ...eni,
    networkCard: count(31),
    type: { enum: ['interface', 'trunk', 'efa', 'efa-only'] },
    description: text(),
    deleteOnTermination: flag,
    tags,
  },
);

/** A node, in a scenario and as an order. */
export const NODE_SCHEMA = strictObject(
  { name: text(), type: text() },
  {
    ...eni,
    interfaces: list(networkInterface, 100),
    userData: { type: 'string', maxLength: 16_384 },
    hopLimit: { type: 'integer', minimum: 1, maximum: 64 },
    instanceTags: flag,
    tags,
  },
);

const port = { type: 'integer', minimum: -1, maximum: 65_535 } as const;
const protocol = { type: 'string', pattern: '^(tcp|udp|icmp|icmpv6|-1|\\d{1,3})$' } as const;
const rule = strictObject({ protocol, peer: text() }, { from: port, to: port });
/** As dials have it. */
const MOST_TOKENS = 1_000_000;
const bucket = strictObject({
  size: { type: 'integer', minimum: 1, maximum: MOST_TOKENS },
  perSecond: { type: 'number', minimum: 0, maximum: MOST_TOKENS },
});

/** A scenario file. Dials are checked where they are defined. */
export const SCENARIO_SCHEMA = strictObject(
  {},
  {
    $schema: text(2048),
    description: text(500),
    region: { type: 'string', pattern: '^[a-z]{2}(-[a-z]+)+-\\d$' },
    seed: { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 },
    vpc: strictObject({}, { cidrs: { ...list(text(), 5), minItems: 1 }, ipv6: flag }),
    subnets: {
      ...list(
        strictObject(
          { cidr: text() },
          {
            zone: text(),
            ipv6: flag,
            tags,
            reservations: list(
              strictObject({ cidr: text(), type: { enum: ['prefix', 'explicit'] } }, { description: text() }),
              100,
            ),
            fragmented: flag,
            exhausted: { anyOf: [flag, count(65_536)] },
          },
        ),
        200,
      ),
      minItems: 1,
    },
    securityGroups: list(
      strictObject({ name: text() }, { description: text(), ingress: list(rule, 60), egress: list(rule, 60) }),
      500,
    ),
    nodes: list(NODE_SCHEMA, 5_000),
    dials: { type: 'array', maxItems: 100 },
    throttle: { anyOf: [{ enum: ['ec2', 'off'] }, { type: 'object', additionalProperties: bucket }] },
    times: strictObject(
      {},
      { attachMs: SPAN_SCHEMA, detachMs: SPAN_SCHEMA, launchMs: count(MAX_MS), terminateMs: count(MAX_MS) },
    ),
    clock: strictObject({}, { at: text(), ahead: text(), behind: text(), stopped: flag }),
    credentials: strictObject({
      accessKeyId: { type: 'string', pattern: '^[A-Za-z0-9]{16,128}$' },
      secretAccessKey: { type: 'string', pattern: '^[!-~]{16,128}$' },
    }),
  },
);
