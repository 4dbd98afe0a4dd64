/**
 * The executable's entry: reads the process, picks one program, sets the exit code. Called as aws-cni or egress-cni, or with
 * CNI_COMMAND set, it is the CNI plugin; otherwise the first word names a command. Everything is loaded only when called.
 */
import { readSync, writeSync } from 'node:fs';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** All of stdin. Synchronous reads spare a plugin call the 0.3 ms that a stream costs. */
function readStdin(): string {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(16_384);
    try {
      const length = readSync(0, part);
      if (length === 0) return Buffer.concat(parts).toString();
      parts.push(part.subarray(0, length));
    } catch (error) {
      // The runtime's end of the pipe does not block, and it has not written yet.
      if (codeOf(error) !== 'EAGAIN') throw error;
      Bun.sleepSync(1);
    }
  }
}

function writer(fd: number, name: string): (text: string) => void {
  return (text) => {
    let bytes = Buffer.from(text);
    // A pipe takes as much as it has room for.
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(fd, bytes));
      } catch (error) {
        const code = codeOf(error);
        if (code === 'EAGAIN') Bun.sleepSync(1);
        else if (code === 'EPIPE') return;
        else throw Object.assign(Object(error), { path: name });
      }
    }
  };
}

const stdout = writer(1, 'standard output');
const writeError = writer(2, 'standard error');
const stderr = (text: string): void => {
  try {
    writeError(text);
  } catch {
    // There is nowhere else to tell it.
  }
};
const env = process.env;

/** Where the programs of a system are. The PATH of cron, or of a container's entry, knows some of it only. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The PATH as given, then what it lacks. An empty part would be the working directory. */
function completePath(given: string | undefined): string {
  return [...new Set([...(given ?? '').split(':').filter((part) => part !== ''), ...SYSTEM_PATH])].join(':');
}

async function runCommand(argv: readonly string[]): Promise<number> {
  // The build holds compilation back, which a plugin call is too short for; commands want it as usual.
  Bun.unsafe.setJITPolicy(1);
  env['PATH'] = completePath(env['PATH']);
  const { COMMANDS, USAGE, WORDS } = await import('./commands.ts');
  const [first, ...words] = argv;
  // `help install` is `install --help`.
  const [word, ...rest] = first === 'help' && words.length > 0 ? [...words, '--help'] : argv;
  if (word === '--help' || word === '-h' || word === 'help') {
    stdout(USAGE);
    return 0;
  }
  if (word === '--version' || word === '-V') {
    const { BUILD, VERSION } = await import('../config/index.ts');
    stdout(`vpc-cni ${VERSION} (${BUILD})\n`);
    return 0;
  }
  const context = {
    argv: rest,
    env,
    executable: process.execPath,
    stdout,
    stderr,
    isTty: process.stdout.isTTY === true,
  };
  const { reportFailure } = await import('../commands/report.ts');
  const { HostError } = await import('../errors/index.ts');
  const usage = (reason: string): Error => new HostError('USAGE', { reason });
  try {
    const command = COMMANDS.get(word ?? '');
    // A hidden command is started by ours alone, without words: --help there must not start a daemon by surprise.
    if (command?.hidden === true && rest.length > 0)
      throw usage(`"${word}" is not for people and takes no words; "vpc-cni --help" lists the commands`);
    if (command !== undefined) return await (await command.load()).run(context);
    const reason = word === undefined ? 'no command given' : `there is no command "${word}"`;
    throw usage(`${reason}; the commands are ${WORDS.join(', ')}`);
  } catch (error) {
    return reportFailure(context, error, { json: rest.includes('--json') });
  }
}

async function main(): Promise<number> {
  const called = process.argv0.slice(process.argv0.lastIndexOf('/') + 1);
  const isPlugin = called === 'aws-cni' || called === 'egress-cni';
  if (!isPlugin && env['CNI_COMMAND'] === undefined) return await runCommand(process.argv.slice(2));
  const { runPlugin } = await import('../plugin/index.ts');
  const code = await runPlugin({
    plugin: called === 'egress-cni' ? called : 'aws-cni',
    env,
    stdin: async () => readStdin(),
    stdout,
    stderr,
    runtimeDir: env['VPC_CNI_RUNTIME_DIR'] ?? '/run/vpc-cni',
  });
  // All is written, synchronously: nothing is left to wait for, such as the connection or the threads behind it.
  process.exit(code);
}

process.exitCode = await main();
