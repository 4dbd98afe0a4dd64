import { formatCidr, type Ipv4Cidr, isIpv4, networkOf, parseIpv4Cidr } from '../addr/index.ts';
import { parseStringMap } from './parse-json.ts';
import type { Kind, Parsed } from './setting.ts';

const good = <V>(value: V): Parsed<V> => ({ ok: true, value });
const bad = (reason: string): Parsed<never> => ({ ok: false, reason });

// Go's strconv.ParseBool, which EKS users' values were written for.
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** A yes or no in the words of Go's ParseBool. */
export const boolean: Kind<boolean> = {
  allowed: 'true or false (also 1, t, T, TRUE, True and 0, f, F, FALSE, False)',
  parse: (text) => {
    if (TRUE.includes(text)) return good(true);
    return FALSE.includes(text) ? good(false) : bad('is neither true nor false');
  },
};

/** A decimal integer within a range. */
export function integer(range: { readonly min: number; readonly max: number }): Kind<number> {
  const allowed = `an integer from ${range.min} to ${range.max}`;
  return {
    allowed,
    parse: (text) => {
      if (!/^[+-]?\d{1,15}$/.test(text)) return bad('is not an integer');
      const value = Number(text);
      return value < range.min || value > range.max ? bad('is out of range') : good(value);
    },
  };
}

/** One of a few words, in any case; a synonym means one of them. */
export function choice<const W extends string>(
  words: readonly W[],
  synonyms: Readonly<Record<string, NoInfer<W>>> = {},
): Kind<W> {
  const also = Object.entries(synonyms).map(([word, meaning]) => `; ${word} means ${meaning}`);
  return {
    allowed: `${words.join(', ')}${also.join('')}`,
    parse: (text) => {
      const lower = text.toLowerCase();
      const word = words.find((candidate) => candidate.toLowerCase() === lower) ?? synonyms[lower];
      return word === undefined ? bad('is none of the known words') : good(word);
    },
  };
}

/** IPv4 networks separated by commas, host bits cleared, each once, in the order given. */
export const ipv4Cidrs: Kind<readonly Ipv4Cidr[]> = {
  allowed: 'IPv4 CIDRs separated by commas, or nothing',
  parse: (text) => {
    const networks = new Map<string, Ipv4Cidr>();
    for (const part of text.split(',').map((piece) => piece.trim())) {
      if (part === '') continue;
      try {
        const network = networkOf(parseIpv4Cidr(part));
        networks.set(formatCidr(network), network);
      } catch {
        return bad(`has "${part}", which is not an IPv4 CIDR`);
      }
    }
    return good([...networks.values()]);
  },
};

/** A 32-bit packet mark other than zero, decimal, 0x… or octal with a leading 0, as `ip rule` and iptables read it. */
export const mark: Kind<number> = {
  allowed: 'a mark from 1 to 4294967295, decimal, hexadecimal (0x80) or octal (0200)',
  parse: (text) => {
    const octal = /^0o?([0-7]+)$/.exec(text)?.[1];
    const number = octal !== undefined ? Number.parseInt(octal, 8) : Number(text);
    if (!/^(0[xX][0-9a-fA-F]+|0o?[0-7]+|[1-9]\d*|0)$/.test(text)) return bad('is not a number');
    return number < 1 || number > 0xffffffff ? bad('is out of range') : good(number);
  },
};

/** Any text; `pattern` narrows it and `allowed` says how. */
export function text(rule: { readonly allowed: string; readonly pattern?: RegExp }): Kind<string> {
  const { allowed, pattern } = rule;
  return {
    allowed,
    parse: (value) => (pattern === undefined || pattern.test(value) ? good(value) : bad('has a wrong form')),
  };
}

/** The first letters of host-side interface names; the kernel's own names must stay tellable from ours. */
export const vethPrefix: Kind<string> = {
  allowed: 'one to four letters or digits, but not eth, lo or vlan',
  parse: (value) => {
    if (!/^[A-Za-z][A-Za-z0-9]{0,3}$/.test(value)) return bad('has a wrong form');
    return ['eth', 'lo', 'vlan'].includes(value) ? bad('would be taken for interfaces of the host') : good(value);
  },
};

/** An http(s) URL, or nothing. */
export const url: Kind<string> = {
  allowed: 'a URL such as https://ec2.eu-west-1.amazonaws.com, or nothing',
  parse: (value) => {
    if (value === '') return good(value);
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    return parsed?.protocol === 'http:' || parsed?.protocol === 'https:'
      ? good(value)
      : bad('is not an http or https URL');
  },
};

/** Where a local HTTP port listens. Loopback only: what it shows belongs to root. */
export const loopbackEndpoint: Kind<{ readonly host: string; readonly port: number }> = {
  allowed: 'a loopback address and a port, such as 127.0.0.1:61679',
  parse: (value) => {
    const [, host, digits] = /^(.*):(\d{1,5})$/.exec(value) ?? [];
    if (host === undefined) return bad('is not address:port');
    const port = Number(digits);
    if (port < 1 || port > 65535) return bad('has no valid port');
    if (host === 'localhost') return good({ host: '127.0.0.1', port });
    return isIpv4(host) && host.startsWith('127.') ? good({ host, port }) : bad('is not a loopback address');
  },
};

/** Tags for ENIs. Keys of `aws:` and of the CNI itself are refused here, before EC2 or our own bookkeeping would be. */
export const tags: Kind<Readonly<Record<string, string>>> = {
  allowed: 'a JSON object of strings, such as {"team":"web"}, without keys of aws: or k8s.amazonaws.com',
  parse: (value) => {
    const map = parseStringMap(value);
    if (map === undefined) return bad('is not a JSON object of strings');
    for (const key of Object.keys(map)) {
      if (key.startsWith('aws:') || key.includes('k8s.amazonaws.com')) return bad(`has the reserved key "${key}"`);
      if (key.length < 1 || key.length > 128) return bad('has a key that is empty or longer than 128 characters');
    }
    return good(map);
  },
};
