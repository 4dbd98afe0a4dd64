import { expect } from 'bun:test';
import type { Finding } from '../../src/inspect/index.ts';
import type { E2eNode } from './e2e.ts';

/** Something that goes wrong on a node: how, what doctor must say of it, and how it is mended. */
export interface Trouble {
  readonly name: string;
  readonly breaks: string;
  /** `SEVERITY CODE: evidence`, all that is said. */
  readonly said: readonly (string | RegExp)[];
  readonly mends: string;
  /** What the remedy must have named of that; all of `mends` unless given. */
  readonly printed?: string;
}

/** What `doctor --json` says on a node. */
export async function doctorOn(node: E2eNode, ...words: readonly string[]) {
  const { exitCode, stdout } = await node.cli('doctor', '--json', ...words);
  const { ok, findings }: { ok: boolean; findings: readonly Finding[] } = JSON.parse(stdout);
  return {
    exitCode,
    ok,
    findings,
    said: findings.map(({ code, severity, evidence }) => `${severity} ${code}: ${evidence}`),
  };
}

/** A node on which doctor finds nothing. */
export async function expectSound(node: E2eNode): Promise<void> {
  const { exitCode, said } = await doctorOn(node);
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: [] });
}

/** Runs words of a shell on the node; its variables are for what a table cannot know. */
export async function shell(node: E2eNode, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await node.run(['sh', '-ec', script]);
  if (exitCode !== 0) throw new Error(`${script}: ${exitCode} ${stderr}`);
  return stdout;
}

/** Breaks the node, sees exactly what is to be said, with the remedy that is then carried out. */
export async function meet(node: E2eNode, trouble: Trouble, besides: readonly (string | RegExp)[] = []): Promise<void> {
  const { breaks, mends, printed = mends } = trouble;
  await shell(node, breaks);
  try {
    const { exitCode, said, findings } = await doctorOn(node);
    const all = [...besides, ...trouble.said];
    expect(said).toEqual(all.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
    expect(exitCode).toBe(said.some((line) => line.startsWith('fault')) ? 3 : 0);
    expect(findings.map(({ remedy }) => remedy).join('\n')).toContain(printed);
  } finally {
    // Also after a failure: the next trouble needs a sound node.
    await shell(node, mends);
  }
}
