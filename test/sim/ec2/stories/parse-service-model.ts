import * as ec2 from '@aws-sdk/client-ec2';

/**
 * EC2's official service model as the SDK carries it: what an action takes and what its answer may hold, by the names on
 * the wire. A schema is a function (lazy), a number (a scalar), or an array that starts with its kind.
 */
const LIST = 1;
const STRUCTURE = 3;
const OPERATION = 9;

interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
}

/** The parameters of an action without their numbers (`Filter.Name`), as far as they hold values. */
export function requestParameters(action: string): readonly string[] {
  return leaves(operation(action).input, '', ({ xmlName, ec2QueryName }, name) => {
    // The EC2 protocol: the query name, else the XML name with a capital.
    const wire = ec2QueryName ?? xmlName ?? name;
    return wire.charAt(0).toUpperCase() + wire.slice(1);
  });
}

/** The elements an answer of the action may have, with their containers; list items are transparent. */
export function answerElements(action: string): ReadonlySet<string> {
  const paths = leaves(operation(action).output, '', ({ xmlName }, name) => xmlName ?? name);
  const all = paths.flatMap((path) => path.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.')));
  return new Set(['requestId', 'return', ...all]);
}

function operation(action: string): { readonly input: unknown; readonly output: unknown } {
  const schema: unknown = Reflect.get(ec2, `${action}$`);
  if (!Array.isArray(schema) || schema[0] !== OPERATION) throw new Error(`the service model has no action ${action}`);
  return { input: schema[4], output: schema[5] };
}

function leaves(
  schema: unknown,
  path: string,
  nameOf: (traits: Traits, name: string) => string,
  depth = 0,
): readonly string[] {
  const { target } = resolve(schema);
  // Recursive shapes end somewhere; no answer here is so deep.
  if (!Array.isArray(target) || depth > 12) return [path];
  if (target[0] === LIST) return leaves(target[4], path, nameOf, depth + 1);
  if (target[0] !== STRUCTURE) return [path];
  const [names, members] = [target[4] as readonly string[], target[5] as readonly unknown[]];
  return names.flatMap((name, index) => {
    const wire = nameOf(resolve(members[index]).traits, name);
    return leaves(members[index], path === '' ? wire : `${path}.${wire}`, nameOf, depth + 1);
  });
}

function resolve(schema: unknown): { readonly target: unknown; readonly traits: Traits } {
  if (typeof schema === 'function') return resolve(schema());
  // A member with traits is a pair; whole schemas are longer.
  if (Array.isArray(schema) && schema.length === 2) {
    const traits = typeof schema[1] === 'object' ? (schema[1] as Traits) : {};
    return { target: resolve(schema[0]).target, traits };
  }
  return { target: schema, traits: {} };
}
