import { STATUS_PATH, type StatusDocument } from '../cniproto/index.ts';
import { flag, number, objectOf, orNull, parseAnswer, text } from './parse-answer.ts';

const ADDRESS = objectOf(
  { address: text, state: { enum: ['free', 'assigned', 'cooldown', 'quarantine', 'releasing'] } },
  { pod: text, containerId: text, freeInMs: number, reason: text },
);

const ENI = objectOf(
  {
    id: text,
    mac: text,
    device: number,
    link: orNull(text),
    primary: flag,
    primaryAddress: text,
    table: number,
    addresses: { type: 'array', items: ADDRESS },
  },
  { card: number },
);

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
    vpcCidrs: { type: 'array', items: text },
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
  return parseAnswer<StatusDocument>(answer, { schema: SCHEMA, path: STATUS_PATH, name: 'status' });
}
