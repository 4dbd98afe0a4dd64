import { Command } from 'commander';
import { FLEET_SCHEMAS, type FleetPlan, planFleet, renderPlans } from '../../fleet/index.ts';
import type { FleetContext } from '../fleet.ts';
import { EXIT } from '../report.ts';
import { addFleetOptions, type FleetOptions, scenariosOf } from './scenario.ts';
import { lookOf } from './words.ts';

const EXAMPLES = `
Each node is at rest: its pods run and the daemon’s own decisions have met the targets. Addresses, /28s, ENIs and network address
units are what subnets and VPC then lack; warm is what no pod uses.

Exit codes: 0 it fits, 2 bad usage, 3 the subnets or max-pods do not suffice

Examples:
  vpc-cni fleet plan --nodes 3 --instance-type c5.large --pods 2
  vpc-cni fleet plan --nodes 40 --pods 20/node --subnet 10.0.0.0/22,10.0.4.0/22=300
  vpc-cni fleet plan --nodes 40 --pods 20/node --vs "few: --set WARM_IP_TARGET=2 --set MINIMUM_IP_TARGET=22"
`;

const create = (): Command => addFleetOptions(new Command('plan'));

/** `fleet plan`. */
export function addPlanCommand(program: Command, context: FleetContext): void {
  addFleetOptions(program.command('plan'))
    .description('what a fleet takes from subnets and VPC at rest, and when they run out')
    .addHelpText('after', EXAMPLES)
    .action(async (options: FleetOptions) => {
      if (options.schema === true) return context.stdout(`${JSON.stringify(FLEET_SCHEMAS.plan, undefined, 2)}\n`);
      const scenarios = scenariosOf(options, { argv: context.argv.slice(1), create });
      const plans: FleetPlan[] = [];
      for (const scenario of scenarios) plans.push(await planFleet(scenario));
      context.stdout(
        options.json === true ? `${JSON.stringify({ ok: true, plans })}\n` : renderPlans(plans, lookOf(context).width),
      );
      context.exit(plans.every(({ fits }) => fits) ? EXIT.done : EXIT.found);
    });
}
