import table from './unsupported.txt' with { type: 'text' };

let byAction: ReadonlyMap<string, readonly string[]> | undefined;

/** Whether EC2's action has this parameter (`NetworkInterface.1.PrimaryIpv6`) and the simulator has not. */
export function isUnsupported(action: string, parameter: string): boolean {
  byAction ??= new Map(readTable());
  const name = parameter.replace(/\.\d+(?=\.|$)/g, '');
  return (byAction.get(action) ?? []).some((known) => name === known || name.startsWith(`${known}.`));
}

function readTable(): readonly (readonly [string, readonly string[]])[] {
  return table
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [action = '', ...names] = line.split(' ');
      return [action, names] as const;
    });
}
