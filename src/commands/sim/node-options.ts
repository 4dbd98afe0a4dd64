import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import type { NodePlan } from '../../sim/index.ts';
import { type CommonOptions, wholeNumber } from './context.ts';

/** What a new node may be told to be. */
export interface NodeOptions extends CommonOptions {
  readonly instanceType: string;
  readonly subnet?: string;
  readonly securityGroup?: readonly string[];
  readonly secondaryAddresses?: string;
  readonly prefixes?: string;
  readonly ipv6Addresses?: string;
  readonly ipv6Prefixes?: string;
  readonly userData?: string;
  readonly hopLimit?: string;
}

/** EC2's limit before the encoding as base64. */
const MOST_USER_DATA = 16 * 1024;

/** Adds the options of `sim node add`. */
export function withNodeOptions(command: Command): Command {
  return command
    .option('--instance-type <type>', 'its EC2 instance type', 't3.small')
    .option('--subnet <subnet>', 'id, CIDR or availability zone of its subnet')
    .option('--security-group <group...>', 'names or ids of its security groups; the default one unless told')
    .option('--secondary-addresses <count>', 'secondary addresses from the start')
    .option('--prefixes <count>', 'IPv4 prefixes (/28) from the start')
    .option('--ipv6-addresses <count>', 'IPv6 addresses from the start')
    .option('--ipv6-prefixes <count>', 'IPv6 prefixes (/80) from the start')
    .option('--user-data <file>', 'file with its user data: text of up to 16 KiB')
    .option('--hop-limit <hops>', 'hops an answer to a metadata token request survives; 2 unless told');
}

/** The node the options describe. Throws `USAGE`. */
export function nodePlan(name: string, options: NodeOptions): NodePlan {
  const { instanceType, subnet, securityGroup, userData } = options;
  const count = (option: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : wholeNumber(option, text);
  const numbers = {
    secondaryAddresses: count('--secondary-addresses', options.secondaryAddresses),
    prefixes: count('--prefixes', options.prefixes),
    ipv6Addresses: count('--ipv6-addresses', options.ipv6Addresses),
    ipv6Prefixes: count('--ipv6-prefixes', options.ipv6Prefixes),
    hopLimit: count('--hop-limit', options.hopLimit),
  };
  return {
    name,
    type: instanceType,
    ...(subnet === undefined ? {} : { subnet }),
    ...(securityGroup === undefined ? {} : { securityGroups: securityGroup }),
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    ...(userData === undefined ? {} : { userData: textOf(userData) }),
  };
}

function textOf(path: string): string {
  const refuse = (reason: string, cause?: unknown): HostError =>
    new HostError('USAGE', { reason: `--user-data: ${path} ${reason}` }, cause);
  const bytes = Buffer.alloc(MOST_USER_DATA + 1);
  let size = 0;
  try {
    const fd = openSync(path, 'r');
    try {
      // Not at once: it may be a pipe, or without an end.
      for (let read = -1; read !== 0 && size < bytes.length; size += read) read = readSync(fd, bytes, { offset: size });
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw refuse(`cannot be read (${String(error)})`, error);
  }
  if (size > MOST_USER_DATA) throw refuse(`has more than ${MOST_USER_DATA} bytes, the most EC2 takes`);
  const text = bytes.subarray(0, size);
  if (!isUtf8(text)) throw refuse('is no UTF-8 text; RunInstances of the EC2 API takes any bytes');
  return text.toString('utf8');
}
