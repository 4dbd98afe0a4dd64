import apiError from './api-error.json' with { type: 'json' };
import clockSkew from './clock-skew.json' with { type: 'json' };
import denied from './denied.json' with { type: 'json' };
import exhaustedSubnet from './exhausted-subnet.json' with { type: 'json' };
import fragmentedSubnet from './fragmented-subnet.json' with { type: 'json' };
import imdsLag from './imds-lag.json' with { type: 'json' };
import ipv6 from './ipv6.json' with { type: 'json' };
import lostAnswer from './lost-answer.json' with { type: 'json' };
import multiCard from './multi-card.json' with { type: 'json' };
import prefixes from './prefixes.json' with { type: 'json' };
import slowApi from './slow-api.json' with { type: 'json' };
import slowAttach from './slow-attach.json' with { type: 'json' };
import staleMetadata from './stale-metadata.json' with { type: 'json' };
import throttle from './throttle.json' with { type: 'json' };
import trunk from './trunk.json' with { type: 'json' };

const FILES: readonly (readonly [string, unknown])[] = [
  ['api-error', apiError],
  ['clock-skew', clockSkew],
  ['denied', denied],
  ['exhausted-subnet', exhaustedSubnet],
  ['fragmented-subnet', fragmentedSubnet],
  ['imds-lag', imdsLag],
  ['ipv6', ipv6],
  ['lost-answer', lostAnswer],
  ['multi-card', multiCard],
  ['prefixes', prefixes],
  ['slow-api', slowApi],
  ['slow-attach', slowAttach],
  ['stale-metadata', staleMetadata],
  ['throttle', throttle],
  ['trunk', trunk],
];

/** The scenarios that ship with the program: the text of each file by its name. */
export const SCENARIOS: ReadonlyMap<string, string> = new Map(
  FILES.map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]),
);
