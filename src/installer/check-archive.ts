import { basename } from 'node:path';
import { HostError } from '../errors/index.ts';
import { CHECKSUM_FILES, type Checksum, readChecksum, readChecksumFile } from '../hostspec/index.ts';
import type { ReadFiles } from '../sys/index.ts';

/** Who vouches for an archive, and with what. */
interface Voucher {
  readonly checksum: Checksum;
  readonly source: string;
}

function findVoucher(local: ReadFiles, archive: string, given: string | undefined): Voucher | undefined {
  if (given !== undefined) {
    const source = '--plugins-checksum';
    return { checksum: readChecksum(given, source), source };
  }
  for (const algorithm of CHECKSUM_FILES) {
    const source = `${archive}.${algorithm}`;
    const text = local.read(source);
    if (text === undefined) continue;
    return { checksum: readChecksumFile(text, { algorithm, archive: basename(archive), source }), source };
  }
  return undefined;
}

/**
 * Holds the copy of an archive against the checksum that was given, or that lies beside the archive. Throws
 * `CHECKSUM_MISMATCH`. Where nobody vouches for it, returns what a reader should know.
 */
export function checkArchive(
  local: ReadFiles,
  { archive, copy }: { readonly archive: string; readonly copy: string },
  given: string | undefined,
): readonly string[] {
  const voucher = findVoucher(local, archive, given);
  if (voucher === undefined) {
    const sum = local.checksum(copy, 'sha256');
    return [`nobody vouches for ${archive}, which has sha256:${sum}; --plugins-checksum holds it to that`];
  }
  const { checksum, source } = voucher;
  const hex = local.checksum(copy, checksum.algorithm);
  if (hex === checksum.hex) return [];
  const { algorithm } = checksum;
  throw new HostError('CHECKSUM_MISMATCH', {
    path: archive,
    found: `${algorithm}:${hex}`,
    source,
    wanted: `${algorithm}:${checksum.hex}`,
  });
}
