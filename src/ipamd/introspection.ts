import type { Settings } from '../config/index.ts';
import { figuresOf } from '../pool/index.ts';
import type { Engine } from './engine.ts';
import type { NodeNetwork } from './node-network.ts';
import type { LoopbackPort } from './ports.ts';

const IPAMD_KEYS = ['WARM_ENI_TARGET', 'WARM_IP_TARGET', 'MINIMUM_IP_TARGET', 'MAX_ENI', 'IP_COOLDOWN_PERIOD'] as const;
const NETWORK_KEYS = [
  'AWS_VPC_ENI_MTU',
  'AWS_VPC_K8S_CNI_CONNMARK',
  'AWS_VPC_K8S_CNI_EXTERNALSNAT',
  'AWS_VPC_K8S_CNI_RANDOMIZESNAT',
  'AWS_VPC_K8S_CNI_VETHPREFIX',
  'AWS_VPC_CNI_NODE_PORT_SUPPORT',
] as const;

const pick = (settings: Settings, keys: readonly (keyof Settings)[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(keys.map((key) => [key, settings[key]]));

/** Addresses of every ENI in upstream's shape; container ids are left out as upstream does, the port is for anybody local. */
function enisView(engine: Engine, network: NodeNetwork): unknown {
  const { enis } = engine.pool;
  const view = network.enis.map((eni) => {
    const cidrs = [...(enis.get(eni.id)?.cidrs.values() ?? [])].map(({ cidr, uses }) => [
      cidr,
      {
        Cidr: cidr,
        IPAddresses: Object.fromEntries(
          [...uses].map(([address, use]) => [
            address,
            {
              Address: address,
              State: use.kind,
              IPAMMetadata:
                use.kind === 'assigned'
                  ? { k8sPodNamespace: use.owner.podNamespace, k8sPodName: use.owner.podName }
                  : {},
            },
          ]),
        ),
      },
    ]);
    return [
      eni.id,
      {
        ID: eni.id,
        IsPrimary: eni.primary,
        DeviceNumber: eni.device,
        RouteTableID: eni.table,
        AvailableIPv4Cidrs: Object.fromEntries(cidrs),
      },
    ] as const;
  });
  const { total, assigned } = figuresOf(engine.pool, 0, ['address', 'prefix', 'ipv6-prefix']);
  return { '0': { TotalIPs: total, AssignedIPs: assigned, ENIs: Object.fromEntries(view) } };
}

/** The introspection port's paths, those of upstream. */
export function introspectionRoutes(settings: Settings, engine: Engine, network: NodeNetwork): LoopbackPort['routes'] {
  return {
    '/v1/enis': () => Response.json(enisView(engine, network)),
    '/v1/ipamd-env-settings': () => Response.json(pick(settings, IPAMD_KEYS)),
    '/v1/networkutils-env-settings': () => Response.json(pick(settings, NETWORK_KEYS)),
  };
}
