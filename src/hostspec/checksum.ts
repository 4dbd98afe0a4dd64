import { HostError } from '../errors/index.ts';

/** A checksum somebody vouches for. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

const DIGITS = { sha256: 64, sha512: 128 } as const;
/** Endings of files beside an archive that hold its checksum, the stronger one first. */
export const CHECKSUM_FILES = ['sha512', 'sha256'] as const;

function isHexOf(algorithm: Checksum['algorithm'], hex: string): boolean {
  return hex.length === DIGITS[algorithm] && /^[0-9a-f]+$/.test(hex);
}

/** `sha256:` or `sha512:` and the digits. Throws `CHECKSUM_UNREADABLE`. */
export function readChecksum(text: string, source: string): Checksum {
  const [, algorithm, digits = ''] = /^(sha256|sha512):([0-9a-fA-F]+)$/.exec(text.trim()) ?? [];
  const hex = digits.toLowerCase();
  if ((algorithm === 'sha256' || algorithm === 'sha512') && isHexOf(algorithm, hex)) return { algorithm, hex };
  throw new HostError('CHECKSUM_UNREADABLE', { source, found: JSON.stringify(text.slice(0, 80)) });
}

/**
 * The checksum in a file beside an archive, as sha256sum(1) writes it: the digits, and perhaps the name after them. Where
 * it lists more than one file, the line that names the archive counts. Throws `CHECKSUM_UNREADABLE`.
 */
export function readChecksumFile(
  text: string,
  about: { readonly algorithm: Checksum['algorithm']; readonly archive: string; readonly source: string },
): Checksum {
  const { algorithm, archive, source } = about;
  const lines = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([digits]) => digits !== '');
  const own = lines.find(([, name]) => name?.replace(/^\*/, '').split('/').at(-1) === archive);
  const only = lines.length === 1 ? lines[0] : undefined;
  const hex = (own ?? only)?.[0]?.toLowerCase() ?? '';
  if (isHexOf(algorithm, hex)) return { algorithm, hex };
  throw new HostError('CHECKSUM_UNREADABLE', { source, found: JSON.stringify(text.slice(0, 80)) });
}
