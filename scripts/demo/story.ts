/** The names of the steps, in the order in which they happen; what `--json` shows. */
export const STEPS = {
  build: 'Build the one executable',
  'vpc-up': 'Start a simulated VPC with two nodes',
  install: 'Install on both nodes',
  'install-again': 'Install a second time: nothing may change',
  'pods-add': 'Start pods, more than one network interface has addresses for',
  'ping-same-node': 'Ping from pod to pod on the same node',
  'ping-across-nodes': 'Ping from pod to pod across the two nodes',
  'ping-internet': 'Ping from pods to the internet',
  'ping-from-node': 'Ping from the nodes to pods',
  crash: 'Kill ipamd while pods talk',
  'pods-delete': 'Delete the pods',
  cooldown: 'Wait until the pool is back at its target',
  uninstall: 'Uninstall from both nodes and return everything to EC2',
  down: 'Take the VPC down',
  proof: 'Prove that nothing is left',
} as const;
export type StepName = keyof typeof STEPS;

/** Steps that `--keep` leaves out. */
const NOT_WHEN_KEPT: ReadonlySet<string> = new Set<StepName>(['pods-delete', 'cooldown', 'uninstall', 'down', 'proof']);

/** A step that is over. */
export interface DoneStep {
  readonly name: StepName;
  readonly ms: number;
}

/** Tells the story and takes the time. */
export interface Story {
  readonly done: readonly DoneStep[];
  /** The step under way, or the one that failed. */
  readonly current: StepName | undefined;
  /** Prints a line below the step's title. */
  say(line: string): void;
  step<T>(name: StepName, work: () => Promise<T>): Promise<T>;
}

const INDENT = '        ';

/** How long something took, for people. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Lines of a table, columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A story that goes to `write`, line by line. */
export function createStory(
  write: (line: string) => void,
  style: { readonly colour: boolean; readonly keep: boolean },
): Story {
  const bold = (text: string): string => (style.colour ? `\x1b[1m${text}\x1b[0m` : text);
  const names = Object.keys(STEPS).filter((name) => !style.keep || !NOT_WHEN_KEPT.has(name));
  const done: DoneStep[] = [];
  let current: StepName | undefined;
  return {
    done,
    get current() {
      return current;
    },
    say: (line) => {
      for (const part of line.split('\n')) write(`${INDENT}${part}`.trimEnd());
    },
    async step(name, work) {
      current = name;
      const number = `${names.indexOf(name) + 1}/${names.length}`;
      write('');
      write(bold(`${number.padEnd(INDENT.length)}${STEPS[name]}`));
      const started = performance.now();
      const result = await work();
      const ms = Math.round(performance.now() - started);
      done.push({ name, ms });
      write(`${INDENT}✓ ${duration(ms)}`);
      current = undefined;
      return result;
    },
  };
}
