import { test } from 'bun:test';
import { type Exec, inNetns, type Netns, openNetns, systemExec } from '../../src/sys/index.ts';

const root = process.getuid?.() === 0;

/** A test that needs root and a kernel to change; without root it is skipped, and its name says why. */
export const kernelTest = (name: string, work: () => void | Promise<void>): void => {
  if (root) test(name, work);
  else test.skip(`${name} (skipped: network namespaces need root)`, work);
};

let counter = 0;

/** A fresh network namespace with `lo` up; removed, with every link in it, when it goes out of scope. */
export class TestNetns implements Disposable {
  readonly name: string;
  readonly netns: Netns;

  constructor(role: string) {
    counter += 1;
    this.name = `t${process.pid.toString(36)}-${counter}-${role}`;
    runText(['ip', 'netns', 'add', this.name]);
    this.netns = openNetns(`/run/netns/${this.name}`);
    this.ip('link set lo up');
  }

  /** What `ip` prints here. Throws with its stderr when it fails. */
  ip(words: string): string {
    return runText(['ip', '-n', this.name, ...words.split(' ')]);
  }

  /** What a program prints here. */
  run(...argv: readonly string[]): string {
    return runText(['ip', 'netns', 'exec', this.name, ...argv]);
  }

  /** Runs synchronous work inside. */
  inside<T>(work: () => T extends PromiseLike<unknown> ? never : T): T extends PromiseLike<unknown> ? never : T {
    return inNetns(this.netns, work);
  }

  /** Runs programs inside; what is synchronous in `work` happens inside as well. */
  async insideWith(work: (exec: Exec) => Promise<void>): Promise<void> {
    const exec: Exec = {
      run: (request) => systemExec.run({ ...request, argv: ['ip', 'netns', 'exec', this.name, ...request.argv] }),
    };
    let ending: Promise<void> = Promise.resolve();
    inNetns(this.netns, () => {
      ending = work(exec);
    });
    await ending;
  }

  /** Runs programs inside that see only the ones of a directory as installed. */
  execOnly(programs: string): Exec {
    return {
      // The child is born in the namespace that the thread is in when it starts it.
      run: (request) =>
        this.inside(() => ({ result: systemExec.run({ ...request, env: { ...request.env, PATH: programs } }) })).result,
    };
  }

  [Symbol.dispose](): void {
    this.netns[Symbol.dispose]();
    runText(['ip', 'netns', 'delete', this.name]);
  }
}

function runText(argv: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} failed with ${exitCode}: ${stderr}${stdout}`);
  return stdout.toString();
}

/** Lines without the space around them, in the order they came; empty ones are left out. */
export const lines = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
