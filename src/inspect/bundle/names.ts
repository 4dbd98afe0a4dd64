import { PATHS } from '../../hostspec/index.ts';
import type { Source } from './sources.ts';

/** Archives of the universal form have room for 100 bytes, with the folder of the group. */
const MOST = 70;

const plain = (text: string): string => text.replaceAll(/[^\w.@=+-]+/g, '_').replaceAll(/^_+|_+$/g, '');

/** What a source is called for people: a path, a command line, a URL. */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'file':
    case 'directory':
      return source.path;
    case 'command':
      return source.argv.join(' ');
    case 'http':
      return `http://127.0.0.1:${source.port}${source.path}`;
    case 'socket':
      return `${PATHS.socket} ${source.path}`;
    default:
      return source satisfies never;
  }
}

/** The name of an entry in its folder, from what it is called for people; unlike ones stay unlike. */
export function entryName(folder: string, source: Source): string {
  const from = (source.kind === 'command' ? source.as : undefined) ?? sourceText(source);
  const name = plain(from);
  if (name.length <= MOST) return `${folder}/${name}`;
  // Container ids and digests are long; a part of a checksum keeps two of them apart.
  const mark = Bun.hash.crc32(from).toString(16);
  return `${folder}/${name.slice(0, MOST - mark.length - 1)}~${mark}`;
}
