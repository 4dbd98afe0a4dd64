import type { StatusDocument } from '../../cniproto/index.ts';
import {
  defaultText,
  nearest,
  type ResolvedSettings,
  redact,
  SETTING_KEYS,
  SETTINGS_SCHEMA,
  type SettingKey,
  supportOf,
} from '../../config/index.ts';
import { HostError } from '../../errors/index.ts';

/** The document of `vpc-cni explain config KEY --json`. */
export interface SettingExplanation {
  readonly key: SettingKey;
  readonly meaning: string;
  readonly value: string;
  readonly origin: string;
  readonly default: string;
  readonly support: string;
  /** What the value means on this node, in its own numbers; null where the daemon does not run or there is nothing to count. */
  readonly effect: string | null;
}

/** The setting a word means, whatever its case. Throws `USAGE` with the nearest name there is. */
export function settingNamed(word: string): SettingKey {
  const key = SETTING_KEYS.find((each) => each.toLowerCase() === word.toLowerCase());
  if (key !== undefined) return key;
  const meant = nearest(word.toUpperCase(), SETTING_KEYS);
  throw new HostError('USAGE', {
    reason: `there is no setting ${word}; ${meant === undefined ? '' : `did you mean ${meant}? `}"vpc-cni config show" lists them`,
  });
}

const PREFIX = 16;
const addresses = (count: number): string => `${count} address${count === 1 ? '' : 'es'}`;

/** What a setting of the pool does on a node with these numbers. */
function effectOf(key: SettingKey, { settings }: ResolvedSettings, daemon: StatusDocument): string | null {
  const { targets, pool, balance, enis } = daemon;
  const perSlot = targets.mode === 'prefix' ? PREFIX : 1;
  const perEni = targets.addressesPerEni * perSlot;
  const byAddresses = targets.warmIp > 0 || targets.minimumIp > 0;
  const now =
    balance === undefined
      ? ''
      : ` Now ${balance.free} are free${balance.pending > 0 ? ` and ${balance.pending} on the way` : ''}.`;
  switch (key) {
    case 'WARM_ENI_TARGET':
      if (targets.mode === 'prefix' || targets.mode === 'ipv6') return `Nothing: the pool is in ${targets.mode} mode.`;
      if (byAddresses) return 'Nothing: WARM_IP_TARGET or MINIMUM_IP_TARGET is set and counts instead.';
      return `Keeps ${addresses(targets.warmEni * perEni)} free: ${targets.warmEni} × ${targets.addressesPerEni} that an ENI of this type holds.${now}`;
    case 'WARM_IP_TARGET':
      if (targets.warmIp === 0) return 'Nothing: 0 means unset.';
      return `Keeps ${addresses(targets.warmIp)} free beyond those pods hold (${pool.assigned}).${now}`;
    case 'MINIMUM_IP_TARGET':
      if (targets.minimumIp === 0) return 'Nothing: 0 means unset.';
      return `Keeps ${addresses(targets.minimumIp)} on the node, used or free. Now there are ${pool.total}.`;
    case 'WARM_PREFIX_TARGET':
      if (targets.mode === 'ipv6') return 'Nothing more: one /80 serves every pod.';
      if (targets.mode !== 'prefix') return 'Nothing: prefix delegation is off.';
      if (byAddresses) return 'Nothing: WARM_IP_TARGET or MINIMUM_IP_TARGET is set and counts instead.';
      return `Keeps ${addresses((targets.warmPrefix ?? 0) * PREFIX)} free, in prefixes of ${PREFIX}.${now}`;
    case 'MAX_ENI':
      return `At most ${targets.maxEnis} ENIs, of which ${enis.length} are attached.`;
    case 'MAX_PODS':
      return `At most ${targets.maxPods} pods with an address of their own; now ${pool.assigned}.`;
    case 'ENABLE_PREFIX_DELEGATION':
      if (targets.mode === 'ipv6') return 'The first ENI holds a /80: more addresses than there can be pods.';
      return `An ENI holds ${addresses(perEni)} for pods: ${targets.addressesPerEni} slots of ${perSlot}.`;
    case 'IP_COOLDOWN_PERIOD':
      return `A freed address rests for ${settings.IP_COOLDOWN_PERIOD} s; ${pool.cooldown} do now.`;
    default:
      return null;
  }
}

/** What a setting means, what it is and why, and what it does here. Secrets are hidden. */
export function explainSetting(
  key: SettingKey,
  resolved: ResolvedSettings,
  daemon: StatusDocument | undefined,
): SettingExplanation {
  const { description } = SETTINGS_SCHEMA.properties[key];
  return {
    key,
    meaning: description,
    value: redact(key, resolved.texts[key]),
    origin: resolved.origins[key],
    default: defaultText(key),
    support: supportOf(key),
    effect: daemon?.phase === 'serving' ? effectOf(key, resolved, daemon) : null,
  };
}
