import { renewConflist } from './conflist.ts';
import { Janitor } from './janitor/index.ts';
import { type LaneParts, permitsOf } from './lanes/index.ts';
import { later } from './later.ts';
import { EniCare, VpcFacts } from './refresh/index.ts';
import { spareEnis } from './spare-enis.ts';

/** How long after the operator's switch the pool follows it at the latest. */
const SWITCH_MS = 5_000;

/** Starts what goes on beside serving pods: nothing here is waited for, and nothing asks EC2 while nothing is to be done. */
export function startBackground(parts: Pick<LaneParts, 'node' | 'engine' | 'network' | 'placement'>): {
  readonly care: EniCare;
  readonly facts: VpcFacts;
} {
  const { node, engine, network, placement } = parts;
  const care = new EniCare(node, network);
  const facts = new VpcFacts(node, { network, care, placement, renewConflist: () => renewConflist(node) });
  care.start();
  facts.start();
  spareEnis(parts);
  new Janitor({ ...node, random: Math.random }).start();
  followSwitch();
  return { care, facts };

  /** A switch that is turned is no event: without this the pool would follow at the next pod. */
  function followSwitch(before = permitsOf(node.settings, node.files).because): void {
    later(node, SWITCH_MS, () => {
      const { because } = permitsOf(node.settings, node.files);
      if (because !== before) {
        node.logger.info(because === undefined ? 'the pool grows again' : 'the pool does not grow', { because });
        engine.kick();
      }
      followSwitch(because);
    });
  }
}
