import type { SimClient } from '../../../src/sim/index.ts';
import type { Life, Population } from './population.ts';

/**
 * Looks at EC2's own books and the kernels: the address of every pod that runs before and after the look must be on an
 * attached ENI of its node, and have the pod's route and rule there. Returns how many pods were looked at.
 */
export async function sweep(client: SimClient, population: Population): Promise<number> {
  const before = population.lives();
  const [status, kernels] = await Promise.all([client.status(), kernelsOf(before)]);
  const after = new Set(population.lives());
  const lives = before.filter((life) => after.has(life));
  for (const life of lives) {
    const { node, pod, address } = life;
    const enis = status.nodes.find(({ name }) => name === node.name)?.enis ?? [];
    if (!enis.some((eni) => eni.state === 'attached' && eni.addresses.includes(address)))
      population.accuse(`${node.name}/${pod} runs with ${address}, which EC2 has on no attached ENI of its node`);
    const { rules, routes } = kernels.get(node) ?? { rules: '', routes: '' };
    if (!rules.includes(`from all to ${address} lookup main`))
      population.accuse(`${node.name}/${pod} runs and its rule to ${address} is gone`);
    if (!new RegExp(`^${RegExp.escape(address)} dev eni`, 'm').test(routes))
      population.accuse(`${node.name}/${pod} runs and its route to ${address} is gone`);
  }
  return lives.length;
}

async function kernelsOf(lives: readonly Life[]) {
  const nodes = [...new Set(lives.map(({ node }) => node))];
  return new Map(
    await Promise.all(
      nodes.map(async (node) => {
        const rules = await node.text('ip', '-4', 'rule');
        return [node, { rules, routes: await node.text('ip', '-4', 'route', 'show', 'table', 'main') }] as const;
      }),
    ),
  );
}
