/**
 * Loaded into a daemon before its own code (`--preload`): takes how long its loop is held up at most, and writes it to the
 * file that BENCH_TURNS names when SIGUSR2 asks for it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { heldUp, type Look } from './held-up.ts';

const TICK_MS = 1;

function look(): Look {
  const [, waitedNs] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
  return { atMs: performance.now(), waitedMs: Number(waitedNs) / 1e6 };
}

const file = process.env['BENCH_TURNS'] ?? '';
let longest = 0;
let before = look();
setInterval(() => {
  const now = look();
  longest = Math.max(longest, heldUp(before, now, TICK_MS));
  before = now;
}, TICK_MS).unref();
process.on('SIGUSR2', () => {
  writeFileSync(`${file}.new`, JSON.stringify(longest));
  renameSync(`${file}.new`, file);
  longest = 0;
});
