import { Ajv } from 'ajv';
import { HostError } from '../errors/index.ts';

/** Where the daemon serves its status, over its socket. */
export const STATUS_PATH = '/v1/status';

/** One address of an ENI. A pod's name is there when the runtime told it. */
export interface StatusAddress {
  readonly address: string;
  readonly state: 'free' | 'assigned' | 'cooldown' | 'releasing';
  readonly pod?: string;
  readonly containerId?: string;
  /** Rest of a cooldown. */
  readonly freeInMs?: number;
}

/** One ENI; `link` is null until the kernel shows its device. */
export interface StatusEni {
  readonly id: string;
  readonly mac: string;
  readonly device: number;
  readonly link: string | null;
  readonly primary: boolean;
  readonly primaryAddress: string;
  readonly table: number;
  readonly addresses: readonly StatusAddress[];
}

/** What the daemon says of itself: the one document behind `vpc-cni status`, the dashboard and a support bundle. */
export interface StatusDocument {
  readonly version: string;
  readonly pid: number;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason: string | null;
  readonly phase: 'starting' | 'serving' | 'stopping';
  readonly instance: {
    readonly id: string;
    readonly type: string;
    readonly availabilityZone: string;
    readonly primaryAddress: string;
  } | null;
  readonly targets: {
    readonly warmEni: number;
    readonly warmIp: number;
    readonly minimumIp: number;
    readonly maxEnis: number;
    readonly addressesPerEni: number;
    readonly maxPods: number;
  };
  readonly pool: {
    readonly total: number;
    readonly assigned: number;
    readonly free: number;
    readonly cooldown: number;
    readonly pending: number;
  };
  readonly enis: readonly StatusEni[];
  /** EC2 requests since the start, by action. */
  readonly ec2Calls: Readonly<Record<string, number>>;
  readonly lastError: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly at: string;
  } | null;
  readonly startedAt: string;
  readonly readyAfterMs: number | null;
  readonly rssBytes: number;
}

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;
const flag = { type: 'boolean' } as const;

/** Keys a newer daemon adds are let through: during an upgrade the command and the daemon may differ. */
function objectOf(required: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}) {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } };
}

const orNull = (schema: object): object => ({ anyOf: [{ type: 'null' }, schema] });

const ADDRESS = objectOf(
  { address: text, state: { enum: ['free', 'assigned', 'cooldown', 'releasing'] } },
  { pod: text, containerId: text, freeInMs: number },
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

const SCHEMA = objectOf({
  version: text,
  pid: number,
  ready: flag,
  reason: orNull(text),
  phase: { enum: ['starting', 'serving', 'stopping'] },
  instance: orNull(objectOf({ id: text, type: text, availabilityZone: text, primaryAddress: text })),
  targets: objectOf({
    warmEni: number,
    warmIp: number,
    minimumIp: number,
    maxEnis: number,
    addressesPerEni: number,
    maxPods: number,
  }),
  pool: objectOf({ total: number, assigned: number, free: number, cooldown: number, pending: number }),
  enis: { type: 'array', items: ENI },
  ec2Calls: { type: 'object', additionalProperties: number },
  lastError: orNull(objectOf({ code: text, message: text, remedy: text, at: text })),
  startedAt: text,
  readyAfterMs: orNull(number),
  rssBytes: number,
});

/** The document in the daemon's answer. Throws `DAEMON_ANSWER` naming what is wrong with it. */
export function parseStatusDocument(answer: unknown): StatusDocument {
  const ajv = new Ajv({ strict: true });
  const validate = ajv.compile<StatusDocument>(SCHEMA);
  if (validate(answer)) return answer;
  const reason = ajv.errorsText(validate.errors, { dataVar: 'status' });
  throw new HostError('DAEMON_ANSWER', { path: STATUS_PATH, reason });
}
