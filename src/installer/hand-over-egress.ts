import { isIpv4, isIpv6 } from '../addr/index.ts';
import { egressHost } from '../dataplane/index.ts';
import { EGRESS_IPAM, PATHS } from '../hostspec/index.ts';
import { type Owner, parseLease } from '../pool/index.ts';
import type { Files } from '../sys/index.ts';

const DIRECTORY_MODE = 0o755;
const MODE = 0o600;

/**
 * Writes the addresses of pods' second interfaces where the host-local plugin of aws-node's egress-cni looks for its own:
 * otherwise it would give them away again. Those of sandboxes in `deleted` are free.
 */
export function handOverEgress(files: Files, deleted: readonly Owner[]): void {
  const noted = files.list(PATHS.egress);
  forgetReserved(files, noted);
  for (const address of noted) {
    const family = isIpv4(address) ? 'ipv4' : 'ipv6';
    if (!(isIpv4(address) || isIpv6(address)) || egressHost(family, address) === undefined) continue;
    const owner = parseLease(files.read(`${PATHS.egress}/${address}`) ?? '');
    if (owner === undefined || deleted.some(({ containerId }) => containerId === owner.containerId)) continue;
    const directory = `${EGRESS_IPAM[family].dataDir}/${owner.network}`;
    files.ensureDirectory(directory, DIRECTORY_MODE);
    files.replace({ path: `${directory}/${address}`, text: `${owner.containerId}\r\n${owner.ifName}`, mode: MODE });
  }
}

/** A node that was taken over has these files from before: those of pods that went meanwhile hold their addresses for ever. */
function forgetReserved(files: Files, noted: readonly string[]): void {
  for (const { dataDir } of Object.values(EGRESS_IPAM))
    for (const network of files.list(dataDir))
      for (const address of files.list(`${dataDir}/${network}`)) {
        const isAddress = isIpv4(address) || isIpv6(address);
        if (isAddress && !noted.includes(address)) files.remove(`${dataDir}/${network}/${address}`);
      }
}
