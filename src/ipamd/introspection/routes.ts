import type { Settings } from '../../config/index.ts';
import type { PoolLimits, PoolView } from '../../pool/index.ts';
import type { Clock } from '../../sys/index.ts';
import type { Routes } from '../ports.ts';
import { enisDocument } from './enis.ts';
import { networkSettings, poolSettings } from './settings.ts';

/** What the port shows. */
export interface Introspected {
  readonly settings: Settings;
  readonly limits: PoolLimits;
  readonly view: () => PoolView;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** The name of this node's ENIConfig; `undefined` while it is not known. */
  readonly eniConfigName: () => string | undefined;
}

/** The introspection port's paths and bodies, those of upstream. */
export function introspectionRoutes(shown: Introspected): Routes {
  const { settings, limits, view, clock, eniConfigName } = shown;
  const cards = limits.cards.map(({ card }) => card);
  const cooldownMs = settings.IP_COOLDOWN_PERIOD * 1000;
  return {
    '/v1/enis': () =>
      Response.json(enisDocument(view(), { cards, cooldownMs, bootedAtMs: clock.now() - clock.monotonic() })),
    '/v1/eni-configs': () => {
      const name = eniConfigName();
      return name === undefined ? new Response('the node is not known\n', { status: 404 }) : Response.json(name);
    },
    '/v1/networkutils-env-settings': () => Response.json(networkSettings(settings)),
    '/v1/ipamd-env-settings': () => Response.json(poolSettings(settings)),
  };
}
