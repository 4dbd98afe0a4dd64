/**
 * Shows the whole product at work on a simulated VPC: installs it on two nodes, runs pods, breaks things, cleans up and
 * proves that nothing is left. Drives only the built executable, as a user would. `--help` tells the rest.
 */
import { type DemoOptions, parseOptions } from './demo/options.ts';
import { NODES } from './demo/plan.ts';
import { type Outcome, runDemo } from './demo/run.ts';
import { vpcSnapshot } from './demo/snapshot.ts';
import { createStory, duration, table } from './demo/story.ts';

const EXIT = { done: 0, failed: 1, usage: 2 } as const;
const EXECUTABLE = `dist/vpc-cni-linux-${process.arch}`;

type Write = (line: string) => void;

/** Why the demo cannot even start, with the way out. */
function obstacle(vpc: string): string | undefined {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return `the demo makes network namespaces and needs root; this is user ${uid}\n→ sudo npm run demo`;
  const taken = vpcSnapshot(vpc);
  if (taken.length === 0) return undefined;
  return [
    `the name ${vpc} is in use: ${taken[0]}`,
    `→ take it down with "${EXECUTABLE} sim down --name ${vpc}", or choose another with --name`,
  ].join('\n');
}

function tellKept(write: Write, { vpc, plan }: DemoOptions): void {
  const sim = (words: string, ...rest: readonly string[]): string =>
    ['', EXECUTABLE, 'sim', words, '--name', vpc, ...rest].join(' ').trimStart();
  const [node] = NODES;
  const pod = plan.pods[node][0] ?? '';
  write('');
  write(`${vpc} is still running. Look around:`);
  for (const line of [
    sim('status'),
    sim('exec', node, '--', 'vpc-cni', 'status'),
    sim('exec', node, '--', 'ip', 'rule'),
    sim('exec', node, '--', 'nft', 'list', 'ruleset'),
    sim('exec', node, '--', 'cat', '/run/vpc-cni/ipamd.log'),
    sim('pod exec', node, pod, '--', 'ip', 'address'),
    sim('pod add', node, 'one-more'),
    sim('calls'),
  ])
    write(`  ${line}`);
  write('Take it down:');
  write(`  ${sim('down')}`);
}

function tellEnd(write: Write, outcome: Outcome, { keep }: DemoOptions): void {
  const total = outcome.steps.reduce((sum, { ms }) => sum + ms, 0);
  const rows = [
    ['STEP', 'TIME'],
    ...outcome.steps.map(({ name, ms }) => [name, duration(ms)]),
    ['total', duration(total)],
  ];
  write('');
  for (const line of table(rows)) write(line);
  const { sent, received } = outcome.pings;
  write('');
  write(`${received} of ${sent} pings arrived.`);
  if (outcome.failed !== undefined) write(`FAILED in step ${outcome.failed.step}: ${outcome.failed.message}`);
  else if (outcome.ok) write(keep ? 'Everything worked so far.' : 'Everything worked, and nothing is left.');
  else write('FAILED: not one ping was sent');
}

async function main(words: readonly string[]): Promise<number> {
  // A pid is used by one process at a time, so two demos never share a VPC.
  const parsed = parseOptions(words, `demo${process.pid}`);
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text);
    return EXIT.done;
  }
  if (parsed.kind === 'usage') {
    console.error(`demo: ${parsed.reason}\n→ npm run demo -- --help`);
    return EXIT.usage;
  }
  const { options } = parsed;
  const stream = options.json ? process.stderr : process.stdout;
  const write: Write = (line) => void stream.write(`${line}\n`);
  const reason = obstacle(options.vpc);
  if (reason !== undefined) {
    console.error(`demo: ${reason}`);
    if (options.json) {
      const message = reason.split('\n')[0] ?? '';
      const pings = { sent: 0, received: 0 };
      printJson({ ok: false, steps: [], pings, leftovers: [], failed: { step: 'start', message } });
    }
    return EXIT.failed;
  }
  const end = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (end.signal.aborted) write('already taking everything down …');
      end.abort(new Error(`interrupted by ${name}`));
    });
  // A reader that left (`| head`) must not keep the VPC from being taken down.
  stream.on('error', () => end.abort(new Error('nobody reads the output any more')));
  write(`vpc-cni-host: a simulated VPC, two nodes, ${options.pods} pods. Nothing leaves this machine.`);
  const colour = stream.isTTY && !process.env['NO_COLOR'];
  const story = createStory(write, { colour, keep: options.keep });
  const outcome = await runDemo({ options, story, signal: end.signal });
  tellEnd(write, outcome, options);
  if (options.keep) tellKept(write, options);
  if (options.json) printJson(outcome);
  return outcome.ok ? EXIT.done : EXIT.failed;
}

const printJson = (outcome: Outcome): void => void process.stdout.write(`${JSON.stringify(outcome)}\n`);

process.exitCode = await main(process.argv.slice(2));
