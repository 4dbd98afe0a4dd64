/** Where prometheus finds us; upstream's number, so it cannot be another one. */
export const METRICS_PORT = 61678;
/** Where the daemon's introspection is unless a setting says otherwise; upstream's number. */
const INTROSPECTION_PORT = 61679;

/** The sysctl with the ports the kernel gives to nobody who asks for any port. */
export const RESERVED_PORTS_KEY = ['net', 'ipv4', 'ip_local_reserved_ports'] as const;

function parsePorts(text: string): ReadonlySet<number> {
  const ranges = text.split(',').filter((part) => part !== '');
  return new Set(
    ranges.flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return first === undefined || last === undefined
        ? []
        : Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    }),
  );
}

/** As the kernel prints it: in order, neighbours as a range. */
function renderPorts(ports: Iterable<number>): string {
  const ranges: { first: number; last: number }[] = [];
  for (const port of [...ports].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && range.last === port - 1) range.last = port;
    else ranges.push({ first: port, last: port });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** The list with these ports in it; what others have reserved stays. */
export function withPorts(list: string, ports: readonly number[]): string {
  return renderPorts(new Set([...parsePorts(list), ...ports]));
}

/** The list as it would be without us: what was reserved before, and what others have added since. */
export function portsWithoutOurs(list: { readonly now: string; readonly before: string }): string {
  const before = parsePorts(list.before);
  const ours = [METRICS_PORT, INTROSPECTION_PORT].filter((port) => !before.has(port));
  return renderPorts([...parsePorts(list.now)].filter((port) => !ours.includes(port)));
}
