import { Ajv } from 'ajv';
import { STATUS_PATH, type StatusDocument } from '../cniproto/index.ts';
import { HostError } from '../errors/index.ts';

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;
const flag = { type: 'boolean' } as const;

/** Keys a newer daemon adds are let through: during an upgrade the command and the daemon may differ. */
function objectOf(required: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}) {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } };
}

const orNull = (schema: object): object => ({ anyOf: [{ type: 'null' }, schema] });

const ADDRESS = objectOf(
  { address: text, state: { enum: ['free', 'assigned', 'cooldown', 'quarantine', 'releasing'] } },
  { pod: text, containerId: text, freeInMs: number, reason: text },
);

const ENI = objectOf({
  id: text,
  mac: text,
  device: number,
  link: orNull(text),
  primary: flag,
  primaryAddress: text,
  table: number,
  addresses: { type: 'array', items: ADDRESS },
});

const SCHEMA = objectOf(
  {
    version: text,
    pid: number,
    ready: flag,
    reason: orNull(text),
    phase: { enum: ['starting', 'serving', 'stopping'] },
    instance: orNull(objectOf({ id: text, type: text, availabilityZone: text, primaryAddress: text })),
    targets: objectOf(
      {
        warmEni: number,
        warmIp: number,
        minimumIp: number,
        maxEnis: number,
        addressesPerEni: number,
        maxPods: number,
      },
      { mode: { enum: ['secondary', 'prefix', 'ipv6'] }, warmPrefix: number },
    ),
    pool: objectOf(
      { total: number, assigned: number, free: number, cooldown: number, pending: number },
      { quarantine: number, orphans: number },
    ),
    enis: { type: 'array', items: ENI },
    ec2Calls: { type: 'object', additionalProperties: number },
    lastError: orNull(objectOf({ code: text, message: text, remedy: text, at: text })),
    startedAt: text,
    readyAfterMs: orNull(number),
    rssBytes: number,
  },
  {
    conditions: { type: 'array', items: objectOf({ code: text, message: text, remedy: text, since: text }) },
    waiting: number,
    balance: objectOf({ wantedFree: number, free: number, pending: number, short: number, beyondMaxPods: number }),
    recentCalls: { type: 'array', items: objectOf({ action: text, at: text, ms: number, code: orNull(text) }) },
  },
);

/** The document of `vpc-cni status --json` as JSON Schema. Later versions may add keys; none goes, none changes its type. */
export const STATUS_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'vpc-cni status --json',
  ...objectOf({
    ready: flag,
    daemon: orNull(SCHEMA),
    installed: orNull(objectOf({ version: text, directory: text, previous: orNull(text) })),
    conflist: objectOf({ path: text, present: flag }),
    unit: orNull(objectOf({ name: text, load: text, active: text, sub: text })),
    problem: orNull(objectOf({ code: text, message: text, remedy: text })),
  }),
};

/** The document in the daemon's answer. Throws `DAEMON_ANSWER` naming what is wrong with it. */
export function parseStatusDocument(answer: unknown): StatusDocument {
  const ajv = new Ajv({ strict: true });
  const validate = ajv.compile<StatusDocument>(SCHEMA);
  if (validate(answer)) return answer;
  const reason = ajv.errorsText(validate.errors, { dataVar: 'status' });
  throw new HostError('DAEMON_ANSWER', { path: STATUS_PATH, reason });
}
