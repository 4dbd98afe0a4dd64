import { inNetns, openNetns } from '../../src/sys/index.ts';
import { drops, type World } from './sim-world.ts';

/** Where packets are sent from: the address may be one that the VPC does not know there. */
export interface Sender {
  readonly name: string;
  /** Targets on the same machine are no business of the fabric: their cells say `-`. */
  readonly machine: string;
  readonly netns: string;
  readonly source: string;
}

/** Where they are sent to. */
export interface Target {
  readonly name: string;
  readonly machine: string;
  /** Set when somebody listens there. */
  readonly netns?: string;
  readonly address: string;
  readonly port: number;
  /** `udp` unless given. A port means nothing to `icmp`, which is a ping. */
  readonly protocol?: 'udp' | 'tcp' | 'icmp';
}

/** Something to close that may still be opening. */
type Closing = Promise<Disposable>;

const DEADLINE_MS = 10_000;
/** Long enough for an answer on an idle machine; a longer way costs one more look at the counters. */
const ANSWER_MS = 3;

/** What became of the packets so far: who got one, who answered whom. */
interface Traffic {
  readonly arrived: Set<string>;
  readonly answers: Map<string, string>;
}

/**
 * Sends one packet from every sender to every target and tells as a table what became of it: `open` when the target
 * has answered, `one-way` when only the packet arrived, else the counter by which the router dropped it (or who else
 * has answered). A cell ends with a fact, an answer or a counter, never because time has passed.
 */
export async function probeAll(world: World, senders: readonly Sender[], targets: readonly Target[]): Promise<string> {
  const traffic: Traffic = { arrived: new Set(), answers: new Map() };
  using servers = new DisposableStack();
  for (const target of targets) if (target.netns !== undefined) servers.use(await serve(target, traffic));
  let counted = await drops(world);
  const outcome = async (id: string, target: Target): Promise<string> => {
    for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline; ) {
      for (let ms = 0; ms < ANSWER_MS && !traffic.answers.has(id); ms += 1) await Bun.sleep(1);
      const answer = traffic.answers.get(id);
      if (answer !== undefined) return answer === target.name ? 'open' : answer;
      const [before, now] = [counted, await drops(world)];
      counted = now;
      const reasons = Object.entries(now).filter(([reason, count]) => Object(before)[reason] !== count);
      if (reasons.length > 0 && !traffic.answers.has(id))
        return traffic.arrived.has(id) ? 'one-way' : reasons.map(([reason]) => reason.replace('denied_', '')).join('+');
    }
    return 'lost';
  };
  const rows: string[][] = [['from > to', ...targets.map(({ name }) => name)]];
  for (const sender of senders) {
    const row = [sender.name];
    for (const target of targets) {
      const id = `${sender.name} > ${target.name}`;
      if (sender.machine === target.machine || sender.source === target.address) row.push('-');
      else {
        using _asking = await ask({ id, sender, target, traffic });
        row.push(await outcome(id, target));
      }
    }
    rows.push(row);
  }
  return table(rows);
}

/** Rows as aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

async function serve(target: Target, { arrived }: Traffic): Closing {
  const { address, port, name, netns = '' } = target;
  switch (target.protocol ?? 'udp') {
    case 'udp':
      return openUdp({ netns, address, port }, (id) => {
        arrived.add(id);
        return `${id}\n${name}`;
      });
    case 'tcp': {
      using place = openNetns(netns);
      const server = inNetns(place, () => Bun.serve({ hostname: address, port, fetch: () => new Response(name) }));
      return { [Symbol.dispose]: () => void server.stop(true) };
    }
    default:
      return { [Symbol.dispose]: () => undefined };
  }
}

async function ask(request: {
  readonly id: string;
  readonly sender: Sender;
  readonly target: Target;
  readonly traffic: Traffic;
}): Closing {
  const { id, sender, target, traffic } = request;
  const { netns, source } = sender;
  const { address, port } = target;
  switch (target.protocol ?? 'udp') {
    case 'udp': {
      const socket = await openUdp({ netns, address: source, port: 0 }, (text) => {
        const [asked = '', by = ''] = text.split('\n');
        traffic.answers.set(asked, by);
        return undefined;
      });
      socket.send(id, port, address);
      return socket;
    }
    case 'tcp': {
      const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
      return run(netns, ['curl', '-sS', '--interface', source, url], (name) => traffic.answers.set(id, name));
    }
    default:
      return run(netns, ['ping', '-n', '-c', '1', '-W', '10', '-I', source, address], () =>
        traffic.answers.set(id, target.name),
      );
  }
}

/** A program whose success is the answer; killed when nobody waits any more, so that it sends nothing later. */
function run(netns: string, argv: readonly string[], onSuccess: (stdout: string) => void): Disposable {
  const child = Bun.spawn(['nsenter', `--net=${netns}`, '--', ...argv], { stderr: 'ignore' });
  void Promise.all([child.exited, child.stdout.text()]).then(([code, text]) => {
    if (code === 0) onSuccess(text);
  });
  return { [Symbol.dispose]: () => child.kill('SIGKILL') };
}

/** A UDP socket inside a network namespace; `onData` returns what to answer. */
export async function openUdp(
  place: { readonly netns: string; readonly address: string; readonly port: number },
  onData: (text: string) => string | undefined,
): Promise<Disposable & { send(text: string, port: number, address: string): void }> {
  using netns = openNetns(place.netns);
  const opening: Promise<Bun.udp.Socket<'buffer'>>[] = [];
  inNetns(netns, () => {
    const data: Bun.udp.SocketHandler<'buffer'>['data'] = (socket, bytes, port, address) => {
      const answer = onData(bytes.toString());
      if (answer !== undefined) socket.send(answer, port, address);
    };
    // An answer whose asker is gone is refused there; that is no failure of whoever gave it.
    opening.push(Bun.udpSocket({ hostname: place.address, port: place.port, socket: { data, error() {} } }));
  });
  const [socket] = await Promise.all(opening);
  if (socket === undefined) throw new Error('no socket');
  return {
    send: (text, port, address) => void socket.send(text, port, address),
    [Symbol.dispose]: () => socket.close(),
  };
}
