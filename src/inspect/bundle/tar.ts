/** A file of an archive. */
export interface TarFile {
  /** Below the folder of the archive. At most 100 bytes: the universal form of the header has room for no more. */
  readonly name: string;
  readonly content: Uint8Array;
}

const BLOCK = 512;
const PRIVATE = 0o600;

const encoder = new TextEncoder();

const octal = (value: number, width: number): string =>
  `${Math.floor(value)
    .toString(8)
    .padStart(width - 1, '0')}\0`;

/** POSIX.1-1988 ustar. The checksum is taken with blanks in its own place. */
function header({ name, content }: TarFile, folder: string, seconds: number): Uint8Array {
  const fields = [
    name.padEnd(100, '\0'),
    octal(PRIVATE, 8),
    octal(0, 8),
    octal(0, 8),
    octal(content.length, 12),
    octal(seconds, 12),
    ' '.repeat(8),
    '0',
    '\0'.repeat(100),
    'ustar\0',
    '00',
    'root'.padEnd(32, '\0'),
    'root'.padEnd(32, '\0'),
    '\0'.repeat(16),
    // The part of the path before the name has a place of its own.
    folder.padEnd(155, '\0'),
  ].join('');
  const block = new Uint8Array(BLOCK);
  block.set(encoder.encode(fields));
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(encoder.encode(`${octal(sum, 7)} `), 148);
  return block;
}

/** The files as one archive of one folder, each readable by its owner only. */
export function tarOf(folder: string, files: readonly TarFile[], mtimeMs: number): Uint8Array<ArrayBuffer> {
  const parts = files.flatMap((file) => [
    header(file, folder, mtimeMs / 1000),
    file.content,
    new Uint8Array((BLOCK - (file.content.length % BLOCK)) % BLOCK),
  ]);
  // Two empty blocks end it.
  const all = [...parts, new Uint8Array(2 * BLOCK)];
  const archive = new Uint8Array(all.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of all) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}
