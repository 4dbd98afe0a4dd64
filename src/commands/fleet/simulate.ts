import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import {
  FLEET_SCHEMAS,
  type FleetRun,
  renderRuns,
  renderSvg,
  runFleet,
  shortcomings,
  summarize,
} from '../../fleet/index.ts';
import { createFiles, followedFact, giveBackMemory, systemClock } from '../../sys/index.ts';
import type { CommandContext } from '../command.ts';
import type { FleetContext } from '../fleet.ts';
import { EXIT } from '../report.ts';
import { addFleetOptions, addWorldOptions, type FleetOptions, scenariosOf } from './scenario.ts';
import { lookOf } from './words.ts';

const EXAMPLES = `
Nodes boot, take their pods once they are ready, and ask EC2 as the daemon does, each through its own gate; all share the token
buckets EC2 grants an account in a region. Times of EC2 are assumptions, decisions are the daemon’s. The same seed gives the same run.
--pods may change: 1/node,20/node@10m,5/node@20m.

Exit codes: 0 done, 2 bad usage, 3 something was left undone: pods without an address, nodes that never got ready

Examples:
  vpc-cni fleet simulate --nodes 1000 --instance-type c5.large
  vpc-cni fleet simulate --nodes 300 --pods 1/node,20/node@5m --set WARM_IP_TARGET=5 --svg fleet.svg
  vpc-cni fleet simulate --nodes 1000 --vs "launched: --set ENABLE_PREFIX_DELEGATION=true --set WARM_IP_TARGET=8 --launch-prefixes 1"
`;

const create = (): Command => addWorldOptions(addFleetOptions(new Command('simulate'))).option('--svg <file>');

/** Work of less than that needs no word on how far it is. */
const QUIET_MS = 1_000;

/** Tells people who wait how far it is, once a second. */
function progressOf(context: CommandContext, name: string, nodes: number): Parameters<typeof runFleet>[1] {
  let nextMs = systemClock.monotonic() + QUIET_MS;
  return (seconds, { readyMs }) => {
    if (!context.isTty || systemClock.monotonic() < nextMs) return;
    nextMs = systemClock.monotonic() + QUIET_MS;
    context.stderr(`${name}: ${Math.round(seconds)} s of virtual time, ${readyMs.length} of ${nodes} nodes ready\n`);
  };
}

/** Where the drawing goes, asked before the work: a simulation takes up to a minute. Throws `USAGE`. */
function drawingAt(words: string | undefined): string | undefined {
  if (words === undefined) return undefined;
  if (words === '-') throw new HostError('USAGE', { reason: '--svg needs a file: stdout is for the figures' });
  const path = resolve(words);
  if (followedFact(createFiles('/'), dirname(path)).kind === 'directory') return path;
  throw new HostError('USAGE', { reason: `--svg ${words}: its folder is not there` });
}

/** `fleet simulate`. */
export function addSimulateCommand(program: Command, context: FleetContext): void {
  addWorldOptions(addFleetOptions(program.command('simulate')))
    .option('--svg <file>', 'draw what happened over time into this file')
    .description('how a fleet boots and scales, in virtual time')
    .addHelpText('after', EXAMPLES)
    .action(async (options: FleetOptions) => {
      if (options.schema === true) return context.stdout(`${JSON.stringify(FLEET_SCHEMAS.simulate, undefined, 2)}\n`);
      const drawing = drawingAt(options.svg);
      const scenarios = scenariosOf(options, { argv: context.argv.slice(1), create });
      const runs: FleetRun[] = [];
      for (const scenario of scenarios) {
        runs.push(summarize(scenario, await runFleet(scenario, progressOf(context, scenario.name, scenario.nodes))));
        // Two large fleets at once may be more than there is memory for.
        if (runs.length < scenarios.length) giveBackMemory();
      }
      if (drawing !== undefined) createFiles('/').replace({ path: drawing, text: renderSvg(runs), mode: 0o644 });
      context.stdout(
        options.json === true ? `${JSON.stringify({ ok: true, runs })}\n` : renderRuns(runs, lookOf(context)),
      );
      context.exit(runs.every((run) => shortcomings(run).length === 0) ? EXIT.done : EXIT.found);
    });
}
