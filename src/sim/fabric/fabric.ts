import type { Exec, ExecRequest } from '../../sys/index.ts';
import type { SimEvent } from '../model/types.ts';
import { diffPorts, type PortStep } from './diff.ts';
import { type FabricLayout, layGround, writeSysctls } from './ground.ts';
import { inNetnsArgv } from './namespace.ts';
import { foldEvent, type Placement, type Port, type PortEvent, type Ports, placeEvent } from './port.ts';
import { renderNodeLines, renderRouterLines, renderRuleLines } from './render.ts';

/** The simulated VPC in the kernel: follows the model's events. */
export interface Fabric {
  /** Takes note of an event; the kernel follows soon, in order, a burst at once. */
  follow(event: SimEvent): void;
  /** Resolves when the kernel has followed every event so far; rejects with what failed since the last call. */
  settled(): Promise<void>;
  /** The links that are plugged in, or about to be. */
  ports(): readonly Port[];
}

/** What a fabric needs. */
export interface FabricOptions {
  readonly exec: Exec;
  readonly layout: FabricLayout;
  readonly placement: Placement;
  /** Told at once what the kernel refused. */
  readonly onFailure?: (error: unknown) => void;
}

/** Lays out router and internet and returns the fabric, still without a node. */
export async function createFabric(options: FabricOptions): Promise<Fabric> {
  await layGround(options.exec, options.layout);
  let ports: Ports = new Map();
  let waiting: PortEvent[] = [];
  let running: Promise<void> | undefined;
  let failures: unknown[] = [];

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const next = waiting.reduce<Ports>(foldEvent, ports);
      waiting = [];
      const steps = diffPorts(ports, next);
      ports = next;
      await applySteps(options, steps).catch((error: unknown) => {
        failures.push(error);
        options.onFailure?.(error);
      });
    }
  };
  return {
    follow(event) {
      waiting.push(...placeEvent(event, options.placement));
      running ??= Promise.resolve()
        .then(drain)
        .finally(() => {
          running = undefined;
        });
    },
    async settled() {
      await running;
      const [failure] = failures;
      failures = [];
      if (failure !== undefined) throw failure;
    },
    ports: () => [...waiting.reduce<Ports>(foldEvent, ports).values()],
  };
}

/**
 * Routes first, then the source check in one transaction, then what a node configures itself at boot. One failing part
 * does not keep the others from being tried; the first failure is thrown at the end.
 */
async function applySteps({ exec, layout }: FabricOptions, steps: readonly PortStep[]): Promise<void> {
  if (steps.length === 0) return;
  const router = inNetnsArgv(layout.names.routerNetns);
  // -force: a link that somebody else removed must not keep the other ENIs from being plugged.
  const ip = (argv: readonly [string, ...string[]], lines: readonly string[]): ExecRequest => ({
    argv: [...argv, 'ip', '-force', '-batch', '-'],
    input: `${lines.join('\n')}\n`,
  });
  const plugged = steps.filter((step) => step.kind === 'plug').map((step) => step.port.name);
  const parts: readonly (() => unknown)[] = [
    () => exec.run(ip(router, steps.flatMap(renderRouterLines))),
    () => answerArpAtOnce(layout.names.routerNetns, plugged),
    () => exec.run({ argv: [...router, 'nft', '-f', '-'], input: `${steps.flatMap(renderRuleLines).join('\n')}\n` }),
    ...[...nodeBatches(steps)].map(
      ([netns, lines]) =>
        () =>
          exec.run(ip(inNetnsArgv(netns), lines)),
    ),
  ];
  const failures: unknown[] = [];
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** By default the kernel holds a proxy's ARP answer back for up to 0.8 s; this sysctl has no inherited default. */
function answerArpAtOnce(routerNetns: string, ports: readonly string[]): void {
  writeSysctls(routerNetns, Object.fromEntries(ports.map((port) => [`net/ipv4/neigh/${port}/proxy_delay`, '0'])));
}

function nodeBatches(steps: readonly PortStep[]): ReadonlyMap<string, readonly string[]> {
  const batches = new Map<string, string[]>();
  for (const step of steps) {
    const lines = renderNodeLines(step);
    if (lines.length > 0) batches.set(step.port.netns, [...(batches.get(step.port.netns) ?? []), ...lines]);
  }
  return batches;
}
