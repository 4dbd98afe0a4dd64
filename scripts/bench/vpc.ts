/** A VPC of our own on this machine, for as long as something is measured in it. */
export interface Vpc {
  /** Runs a script of the benchmark on a node, in its namespaces; its argument and its answer are JSON. */
  run(node: string, script: string, argument: unknown): Promise<unknown>;
  /** What a command of the simulator prints, such as `node list`. */
  sim(command: string, ...words: readonly string[]): string;
}

/** Brings a VPC up, works in it, and takes it down whatever happens. */
export async function inVpc<T>(product: string, up: readonly string[], work: (vpc: Vpc) => Promise<T>): Promise<T> {
  const name = `bench${process.pid}`;
  const argvOf = (command: string, ...words: readonly string[]): string[] => [
    ...[product, 'sim', ...command.split(' '), '--name', name, ...words],
  ];
  const sim = (command: string, ...words: readonly string[]): string => {
    const { success, stdout } = Bun.spawnSync(argvOf(command, ...words), { stdout: 'pipe', stderr: 'inherit' });
    if (!success) throw new Error(`sim ${command} ${words.join(' ')} failed, see above`);
    return stdout.toString();
  };
  let child: Bun.Subprocess<'ignore', 'pipe', 'inherit'> | undefined;
  const down = (): void => {
    child?.kill();
    Bun.spawnSync(argvOf('down'), { stdout: 'ignore', stderr: 'inherit' });
  };
  const stop = (): void => {
    down();
    process.exit(130);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    sim('up', ...up);
    return await work({
      sim,
      run: async (node, script, argument) => {
        const inside = [process.execPath, script, JSON.stringify(argument)];
        child = Bun.spawn(argvOf('exec', node, '--', ...inside), { stdio: ['ignore', 'pipe', 'inherit'] });
        const text = await child.stdout.text();
        if ((await child.exited) !== 0) throw new Error('measuring failed, see above');
        return JSON.parse(text);
      },
    });
  } finally {
    down();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
