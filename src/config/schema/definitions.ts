const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4_CIDR = `^(?:${OCTET}\\.){3}${OCTET}/(?:3[0-2]|[12]?[0-9]|0[0-9])$`;
const PORT = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/**
 * Kinds of values that several settings share. `title` is what may be written, as a phrase; the `description` of a part is
 * what a value is that fails it.
 */
export const DEFINITIONS = {
  boolean: { type: 'boolean', title: 'true or false (also 1, t, T, TRUE, True and 0, f, F, FALSE, False)' },
  count: { type: 'integer', minimum: 0, maximum: 50_000 },
  // EC2 forwards frames of up to 9001 bytes; 576 is the least an IPv4 host must take (RFC 791).
  mtu: { type: 'integer', minimum: 576, maximum: 9001 },
  logLevel: {
    type: 'string',
    enum: ['debug', 'info', 'warn', 'error'],
    title: 'debug, info, warn, error; fatal means error',
  },
  text: { type: 'string', title: 'a text' },
  path: {
    type: 'string',
    title: 'an absolute path, or nothing',
    pattern: '^(?:/[^\\0]*)?$',
    description: 'is not an absolute path',
  },
  hostPath: {
    type: 'string',
    title: 'an absolute path, or nothing',
    pattern: '^(?:/[^\\0]*)?$',
    description: 'is not an absolute path',
  },
  logFile: {
    type: 'string',
    title: 'an absolute path, stderr or nothing; stdout belongs to the CNI protocol',
    pattern: '^(?:|stderr|/.+)$',
    description: 'has a wrong form',
  },
  ipv4Cidrs: {
    type: 'array',
    title: 'IPv4 CIDRs separated by commas, or nothing',
    items: { type: 'string', pattern: IPV4_CIDR, description: 'is not an IPv4 CIDR' },
  },
  mark: {
    type: 'integer',
    title: 'a mark from 1 to 4294967295, decimal, hexadecimal (0x80) or octal (0200)',
    minimum: 1,
    maximum: 0xffffffff,
  },
  vethPrefix: {
    type: 'string',
    title: 'one to four letters or digits, but not eth, lo or vlan',
    allOf: [
      { pattern: '^[A-Za-z][A-Za-z0-9]{0,3}$', description: 'has a wrong form' },
      // The kernel's own names must stay tellable from ours.
      { not: { enum: ['eth', 'lo', 'vlan'] }, description: 'would be taken for interfaces of the host' },
    ],
  },
  clusterName: {
    type: 'string',
    title: 'a cluster name, or nothing',
    pattern: '^(?:[0-9A-Za-z][0-9A-Za-z._@/-]{0,127})?$',
    description: 'has a wrong form',
  },
  url: {
    type: 'string',
    title: 'a URL such as https://ec2.eu-west-1.amazonaws.com, or nothing',
    pattern: '^(?:https?://[^\\s/?#]+(?:[/?#]\\S*)?)?$',
    description: 'is not an http or https URL',
  },
  // What it shows belongs to root, so no other address will do.
  loopbackEndpoint: {
    type: 'string',
    title: 'a loopback address and a port, such as 127.0.0.1:61679',
    allOf: [
      { pattern: ':[0-9]{1,5}$', description: 'is not address:port' },
      { pattern: `:${PORT}$`, description: 'has no valid port' },
      { pattern: `^(?:localhost|127(?:\\.${OCTET}){3}):`, description: 'is not a loopback address' },
    ],
  },
  // Keys of aws: and of the CNI itself are refused here, before EC2 or our own bookkeeping would be.
  tags: {
    type: 'object',
    title: 'a JSON object of strings, such as {"team":"web"}, without keys of aws: or k8s.amazonaws.com',
    maxProperties: 40,
    propertyNames: {
      allOf: [
        { not: { pattern: '^aws:|k8s\\.amazonaws\\.com' }, description: 'is reserved' },
        { minLength: 1, maxLength: 128, description: 'is empty or longer than 128 characters' },
      ],
    },
    additionalProperties: { type: 'string', maxLength: 256, description: 'is longer than 256 characters' },
  },
  labels: {
    type: 'string',
    title: 'labels as key=value, separated by commas, or nothing',
    pattern: '^(?:[^=,\\s]+=[^=,\\s]*(?:,\\s*[^=,\\s]+=[^=,\\s]*)*)?$',
    description: 'is not a list of key=value',
  },
  /** Never printed: neither by `config show` nor in a finding. */
  secret: { type: 'string', title: 'a secret', writeOnly: true },
} as const;
