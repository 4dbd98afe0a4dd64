import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import type { JsonFailure, JsonReport } from '../../../support/e2e.ts';

const AT_ONCE = [2, 10] as const;
const GOOD = ['did it', 'found it done', 'was told who is at it'];

/** What came of one install among others, in a word. */
function outcomeOf(exitCode: number, document: JsonReport | JsonFailure): string {
  if (document.ok) return document.changed ? 'did it' : 'found it done';
  const { code, message } = document.error;
  return code === 'LOCK_HELD' && exitCode === 1 && /\b\d+\b/.test(message)
    ? 'was told who is at it'
    : `${code}: ${message}`;
}

/** Starts several at the same moment on a host that has nothing. */
export default async function run(guest: CaseGuest): Promise<void> {
  for (const count of AT_ONCE) {
    const runs = await Promise.all(Array.from({ length: count }, () => guest.cli('install', '--json')));
    const outcomes = runs.map(({ exitCode, stdout }) => outcomeOf(exitCode, JSON.parse(stdout)));
    guest.tell(`${count} at once: ${outcomes.sort().join(', ')}`);
    expect(outcomes.filter((outcome) => outcome === 'did it')).toHaveLength(1);
    expect(outcomes.filter((outcome) => !GOOD.includes(outcome))).toEqual([]);
    guest.expectTree();
    expect(await guest.machine.property('ActiveState')).toBe('active');
    expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
    await guest.uninstall();
    expect(await guest.remains()).toEqual([]);
  }
}
