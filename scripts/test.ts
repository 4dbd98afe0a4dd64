/**
 * Runs everything CI runs: build, lint, types, then the suites; with words from `unit kernel e2e`, only those suites. Ends with
 * one line, `N passed, N failed`, in which lint and types count as one each.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.ts';

const ROOT = join(import.meta.dir, '..');
const SUITES = ['unit', 'kernel', 'e2e'] as const;
type Suite = (typeof SUITES)[number];

/** Milliseconds one test may take: a guard against hanging, not a measure. */
const PATIENCE_MS: Readonly<Record<Suite, number>> = { unit: 20_000, kernel: 60_000, e2e: 300_000 };

/** End-to-end tests that mostly wait, for time to pass or for a slow guest: they run beside everything else, and print when all is over. */
const WAITING: readonly string[] = [
  ...[
    'chaos',
    'steady-states',
    'call-counts',
    'damaged-state',
    'dashboard',
    'doctor',
    'false-words',
    'full-run',
    'modes',
    'outside',
  ],
  ...['stale-metadata', 'cloudwatch', 'explain', 'nics', 'nics-modes', 'trunk'],
].map((name) => `test/e2e/${name}.test.ts`);

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

const nothing: Tally = { passed: 0, failed: 0 };
const add = (a: Tally, b: Tally): Tally => ({ passed: a.passed + b.passed, failed: a.failed + b.failed });
const title = (text: string): void => console.log(`\n— ${text} —`);

/** Runs a program with our own output, or with a file for it. */
async function run(argv: readonly string[], log?: string): Promise<boolean> {
  const output = log === undefined ? 'inherit' : Bun.file(log);
  const child = Bun.spawn([...argv], { cwd: ROOT, stdio: ['ignore', output, output] });
  return (await child.exited) === 0;
}

async function check(name: string, argv: readonly string[]): Promise<Tally> {
  title(name);
  return (await run(argv)) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function suiteOf(path: string): Suite {
  if (path.startsWith('test/kernel/')) return 'kernel';
  return path.startsWith('test/e2e/') ? 'e2e' : 'unit';
}

function filesOf(suite: Suite): readonly string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((name) => name.endsWith('.test.ts') && suiteOf(name) === suite)
    .sort();
}

/** The numbers in the first element of a JUnit report; none when the run died before writing it. */
function readReport(
  path: string,
): { readonly tests: number; readonly failures: number; readonly skipped: number } | undefined {
  if (!existsSync(path)) return undefined;
  const head = /<testsuites [^>]*>/.exec(readFileSync(path, 'utf8'))?.[0] ?? '';
  const number = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  return { tests: number('tests'), failures: number('failures'), skipped: number('skipped') };
}

async function runSuite(suite: Suite): Promise<Tally> {
  title(`${suite} tests`);
  return runFiles(
    suite,
    filesOf(suite).filter((file) => !WAITING.includes(file)),
  );
}

/** Starts the tests that wait; the function it returns ends with them, and prints what they said. */
function startWaiting(): () => Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-test-'));
  const log = join(folder, 'output.txt');
  writeFileSync(log, '');
  const tally = runFiles('e2e', WAITING, log);
  return async () => {
    try {
      title('end-to-end tests beside them');
      const counted = await tally;
      process.stdout.write(readFileSync(log, 'utf8'));
      return counted;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

async function runFiles(suite: Suite, files: readonly string[], log?: string): Promise<Tally> {
  if (files.length === 0) {
    console.log('there are none');
    return nothing;
  }
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-test-'));
  try {
    const report = join(folder, 'report.xml');
    const ok = await run(
      [
        ...[process.execPath, 'test', `--timeout=${PATIENCE_MS[suite]}`],
        ...['--reporter=junit', `--reporter-outfile=${report}`, ...files.map((file) => `./${file}`)],
      ],
      log,
    );
    const { tests, failures, skipped } = readReport(report) ?? { tests: 0, failures: 0, skipped: 0 };
    const mustNotSkip = process.env['CI'] === 'true' ? skipped : 0;
    if (mustNotSkip > 0) console.log(`${mustNotSkip} tests skipped, and in CI nothing may skip: they count as failed`);
    // A file that does not load, or an error outside any test, fails the run without failing a test.
    const outside = !ok && failures === 0 ? 1 : 0;
    return { passed: tests - failures - skipped, failed: failures + mustNotSkip + outside };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runBuild(): Tally {
  title('build');
  try {
    console.log(build());
    return nothing;
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
    return { passed: 0, failed: 1 };
  }
}

async function main(words: readonly string[]): Promise<number> {
  const unknown = words.filter((word) => !SUITES.some((suite) => suite === word));
  if (unknown.length > 0) {
    console.error(`test: there is no suite ${unknown.join(', ')}; the suites are ${SUITES.join(', ')}`);
    return 2;
  }
  const started = performance.now();
  let tally = runBuild();
  if (words.length === 0) {
    const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);
    tally = add(tally, await check('lint', [bin('biome'), 'check', '.']));
    tally = add(tally, await check('types', [bin('tsc'), '--noEmit']));
  }
  const suites = SUITES.filter((suite) => words.length === 0 || words.includes(suite));
  const waiting = suites.includes('e2e') ? startWaiting() : async () => nothing;
  for (const suite of suites) tally = add(tally, await runSuite(suite));
  tally = add(tally, await waiting());
  console.log(`\nin ${((performance.now() - started) / 1000).toFixed(1)} s`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
