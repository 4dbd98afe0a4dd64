import { Ajv } from 'ajv';
import { HostError } from '../errors/index.ts';

export const text = { type: 'string' } as const;
export const number = { type: 'number' } as const;
export const flag = { type: 'boolean' } as const;

/** Keys a newer daemon adds are let through: during an upgrade the command and the daemon may differ. */
export function objectOf(required: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}) {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } };
}

/** A value or null. */
export const orNull = (schema: object): object => ({ anyOf: [{ type: 'null' }, schema] });

/** An answer of the daemon as the document it should be. Throws `DAEMON_ANSWER` naming what is wrong with it. */
export function parseAnswer<T>(
  answer: unknown,
  { schema, path, name }: { readonly schema: object; readonly path: string; readonly name: string },
): T {
  const ajv = new Ajv({ strict: true });
  const validate = ajv.compile<T>(schema);
  if (validate(answer)) return answer;
  throw new HostError('DAEMON_ANSWER', { path, reason: ajv.errorsText(validate.errors, { dataVar: name }) });
}
