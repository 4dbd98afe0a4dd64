import { expect } from 'bun:test';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Block, blocksOf } from '../docs/blocks.ts';
import { deviations, type RunShell } from '../docs/run-blocks.ts';
import type { CaseGuest } from './case-guest.ts';
import { executable } from './e2e.ts';

const DOCS = join(import.meta.dir, '../../docs');

/** What the pages call the executable; that of another architecture has its own name. */
const NAMED = 'vpc-cni-linux-x64';

/** The blocks of a page under `docs/` that are marked so, by their heading, in the order of the page. */
export function sectionsOf(page: string, mark: string): ReadonlyMap<string, readonly Block[]> {
  const text = readFileSync(join(DOCS, page), 'utf8')
    .replaceAll(`dist/${NAMED}`, executable())
    .replaceAll(NAMED, basename(executable()));
  const marked = blocksOf(text).filter(({ info }) => info === mark);
  return Map.groupBy(marked, ({ heading }) => heading);
}

/** Runs the blocks of one section, which must do what they say. */
export async function follow(blocks: readonly Block[], shell: RunShell, before = ''): Promise<void> {
  const [{ heading } = { heading: 'no block at all' }] = blocks;
  expect({ heading, deviations: await deviations(blocks, { shell, before }) }).toEqual({ heading, deviations: [] });
}

/** The shell of a guest. */
export const shellOf =
  (guest: CaseGuest): RunShell =>
  (script) =>
    guest.run(['bash', '-u'], { input: script });

/** Copies an executable to where a page says it was copied, not yet executable, with its checksum. */
export function bring(guest: CaseGuest, from: string, to: string): void {
  const path = `${guest.machine.root}${to}`;
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(from, path);
  const sha256 = createHash('sha256').update(readFileSync(from)).digest('hex');
  writeFileSync(`${path}.sha256`, `${sha256}  ${basename(to)}\n`);
  chmodSync(path, 0o644);
}
