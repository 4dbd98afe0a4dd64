import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type GuestRequest, runInGuest } from './boot.ts';

/** A file of tests, and which of them by their names; all unless told. */
export interface GuestSuite {
  readonly path: string;
  readonly only?: string;
}

/** Suites that share what the kernel has by then: these modules are loaded before them, after those of the stages before. */
export interface GuestStage {
  readonly modules: readonly string[];
  readonly suites: readonly GuestSuite[];
}

/** What a suite printed, and how many of its tests passed and failed; a suite that broke off has failed once more. */
export interface SuiteResult {
  readonly printed: string;
  readonly passed: number;
  readonly failed: number;
}

/** Emulation is slow, and a test waits by the clock of the guest. */
const PATIENCE_MS = 120_000;
const nameOf = ({ path }: GuestSuite): string => basename(path).replace(/(\.test)?\.ts$/, '');

/** Runs files of tests in one guest that has Bun and nothing of this project; returns the result of each by its name. */
export async function runSuitesInGuest(
  stages: readonly GuestStage[],
  request: Pick<GuestRequest, 'programs' | 'files' | 'deadlineMs'> & { readonly started: readonly string[] },
): Promise<ReadonlyMap<string, SuiteResult>> {
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-suites-'));
  try {
    const suites = stages.flatMap((stage) => stage.suites);
    const bundle = async (
      entrypoints: readonly string[],
      naming: string,
    ): Promise<Readonly<Record<string, string>>> => {
      const built = await Bun.build({ entrypoints: [...entrypoints], target: 'bun', outdir: folder, naming });
      if (!built.success) throw new Error(built.logs.join('\n'));
      return Object.fromEntries(
        built.outputs.map(({ path }) => [`/t/${basename(path).replace(/(-suite)\.js$/, '$1.test.js')}`, path]),
      );
    };
    const files = await bundle([...suites.map(({ path }) => path), ...request.started], '[name].[ext]');
    const printed = await runInGuest({
      // modprobe of the guest does not know what goes before a module by a line of its settings.
      modules: ['crc32c_generic'],
      loadable: stages.flatMap(({ modules }) => modules),
      programs: request.programs,
      files: { '/usr/bin/bun': process.execPath, ...request.files, ...files },
      // ip(8) looks the name up.
      script: `echo 'tcp 6 TCP' > /etc/protocols\n${stages.map(stageScript).join('')}`,
      deadlineMs: request.deadlineMs,
    });
    if (process.env['SHOW_GUEST'] === '1') process.stdout.write(printed);
    return new Map(suites.map((suite) => [nameOf(suite), resultOf(printed, nameOf(suite))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const headline = (name: string): string => `##### ${name}\n`;

function stageScript({ modules, suites }: GuestStage): string {
  const run = (suite: GuestSuite): string => {
    const only = suite.only === undefined ? '' : `-t '${suite.only}'`;
    const name = nameOf(suite);
    return `printf '${headline(name)}'\nNO_COLOR=1 bun test --timeout ${PATIENCE_MS} ./${name}.test.js ${only} 2>&1 || true\n`;
  };
  return `cd /t\n${modules.map((name) => `modprobe ${name}\n`).join('')}${suites.map(run).join('')}`;
}

function resultOf(printed: string, name: string): SuiteResult {
  const [, rest = ''] = printed.split(headline(name));
  const [part = ''] = rest.split('##### ');
  const count = (word: string): number | undefined => {
    const number = new RegExp(`^ *(\\d+) ${word}$`, 'm').exec(part)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  return { printed: part, passed: count('pass') ?? 0, failed: count('fail') ?? 1 };
}
