import { Ajv } from 'ajv';
import type { CniVersion } from '../../src/cniproto/index.ts';

/** What the CNI specification says an answer looks like, as JSON schemas; nothing of ours takes part. */
const text = { type: 'string', minLength: 1 } as const;
const texts = { type: 'array', items: text } as const;
const whole = { type: 'integer', minimum: 0 } as const;
const exactly = (properties: object, required: readonly string[]) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required: [...required],
});

const dns = exactly({ nameservers: texts, domain: text, search: texts, options: texts }, []);
const mac = { type: 'string', pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' } as const;
const cidr = { type: 'string', pattern: '^[0-9a-f.:]+/[0-9]{1,3}$' } as const;
const address = { type: 'string', pattern: '^[0-9a-f.:]+$' } as const;

function resultSchema(cniVersion: CniVersion): object {
  const [, minor = 0] = cniVersion.split('.').map(Number);
  const old = cniVersion.startsWith('0.');
  const newest = cniVersion.startsWith('1.') && minor >= 1;
  const more = newest ? { mtu: whole, socketPath: text, pciID: text } : {};
  const routeMore = newest ? { mtu: whole, advmss: whole, priority: whole, table: whole, scope: whole } : {};
  const family = old ? { version: { enum: ['4', '6'] } } : {};
  return exactly(
    {
      cniVersion: { const: cniVersion },
      interfaces: { type: 'array', items: exactly({ name: text, mac, sandbox: text, ...more }, ['name']) },
      ips: {
        type: 'array',
        items: exactly({ ...family, address: cidr, gateway: address, interface: whole }, [
          'address',
          ...(old ? ['version'] : []),
        ]),
      },
      routes: { type: 'array', items: exactly({ dst: cidr, gw: address, ...routeMore }, ['dst']) },
      dns,
    },
    ['cniVersion', 'interfaces', 'ips'],
  );
}

const error = exactly(
  { cniVersion: text, code: { type: 'integer', minimum: 1 }, msg: text, details: { type: 'string' } },
  ['cniVersion', 'code', 'msg'],
);
const version = exactly({ cniVersion: text, supportedVersions: { ...texts, minItems: 1 } }, [
  'cniVersion',
  'supportedVersions',
]);

const ajv = new Ajv({ allErrors: true, strict: false });

function faultsOf(schema: object, document: unknown): string {
  const validate = ajv.compile(schema);
  if (validate(document)) return '';
  return `${ajv.errorsText(validate.errors)}: ${JSON.stringify(document)}`;
}

/** What is wrong with an ADD's result of a version; nothing when it is as the specification wants it. */
export function resultFaults(document: unknown, cniVersion: CniVersion): string {
  const { interfaces = [], ips = [] } = Object(document);
  const lost = ips.filter(({ interface: at }: { interface?: number }) => at !== undefined && at >= interfaces.length);
  const faults = faultsOf(resultSchema(cniVersion), document);
  return lost.length === 0 ? faults : `${faults}; ${lost.length} addresses are on no interface of the list`;
}

/** What is wrong with an error object. */
export const errorFaults = (document: unknown): string => faultsOf(error, document);

/** What is wrong with an answer to VERSION. */
export const versionFaults = (document: unknown): string => faultsOf(version, document);
