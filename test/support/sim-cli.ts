import { resolve } from 'node:path';
import { systemExec } from '../../src/sys/index.ts';
import { freshVpcName } from './sim-world.ts';

const MAIN = resolve(import.meta.dir, '../../src/bin/main.ts');

/** What a command left. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A simulated VPC driven by the command line alone; ended when it goes out of scope. */
export class Cli implements AsyncDisposable {
  readonly name = freshVpcName();

  /** The words of `vpc-cni sim WORDS --name …`. */
  argv(words: readonly string[]): readonly [string, ...string[]] {
    return [process.execPath, MAIN, 'sim', ...words, '--name', this.name];
  }

  /** Runs `vpc-cni sim WORDS --name … REST`. */
  async sim(words: readonly string[], rest: readonly string[] = []): Promise<Answer> {
    const { exitCode, stdout, stderr } = await systemExec.run({
      argv: [...this.argv(words), ...rest],
      accept: Array.from({ length: 256 }, (_, code) => code),
      timeoutMs: 60_000,
    });
    return { code: exitCode, stdout, stderr };
  }

  /** Starts `vpc-cni sim WORDS --name …` and does not wait for it. */
  start(words: readonly string[]): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
    return Bun.spawn([...this.argv(words)], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
  }

  async json(words: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.sim([...words, '--json'])).stdout);
  }

  exec(node: string, ...words: readonly string[]): Promise<Answer> {
    return this.sim(['exec'], [node, '--', ...words]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sim(['down']);
  }
}
