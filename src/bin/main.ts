/**
 * The executable's entry: reads the process, picks one program, sets the exit code. Called as aws-cni or egress-cni, or with
 * CNI_COMMAND set, it is the CNI plugin; otherwise the first word names a command. Everything is loaded only when called.
 */

/** All of stdin. `node:fs`, which could read it too, takes longer to load than this takes. */
async function readStdin(): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of Bun.stdin.stream()) text += decoder.decode(part, { stream: true });
  return text + decoder.decode();
}

async function print(text: string): Promise<void> {
  const writer = Bun.stdout.writer();
  writer.write(text);
  await writer.end();
}

const env = process.env;

/** Where the programs of a system are. The PATH of cron, or of a container's entry, knows some of it only. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The PATH as given, then what it lacks. An empty part would be the working directory. */
function completePath(given: string | undefined): string {
  return [...new Set([...(given ?? '').split(':').filter((part) => part !== ''), ...SYSTEM_PATH])].join(':');
}

async function runCommand(argv: readonly string[]): Promise<number> {
  const { stderr, stdout, stdoutUnread } = await import('./output.ts');
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
    isUnread: stdoutUnread,
    isTty: process.stdout.isTTY === true,
    size: () => {
      const [columns, rows] = process.stdout.isTTY === true ? process.stdout.getWindowSize() : [0, 0];
      return columns > 0 ? { columns, rows } : undefined;
    },
  };
  const { reportFailure } = await import('../commands/report.ts');
  const { HostError } = await import('../errors/index.ts');
  const usage = (reason: string): Error => new HostError('USAGE', { reason });
  try {
    const command = COMMANDS.get(word ?? '');
    // A hidden command is started by ours alone, without words: --help there must not start a daemon by surprise.
    if (command?.hidden === true && rest.length > 0)
      throw usage(`"${word}" is not for people and takes no words; "vpc-cni --help" lists the commands`);
    if (command !== undefined) {
      const code = await (await command.load()).run(context);
      // Its log is written; an answer that EC2 owes would keep it, and with it the next daemon, waiting for seconds.
      if (command.endsProcess) process.exit(code);
      return code;
    }
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
    stdin: readStdin,
    stdout: print,
    stderr: async (text) => (await import('./output.ts')).stderr(text),
    runtimeDir: env['VPC_CNI_RUNTIME_DIR'] ?? '/run/vpc-cni',
  });
  // All is written: nothing is left to wait for, such as the connection or the threads behind it.
  process.exit(code);
}

process.exitCode = await main();

export {};
