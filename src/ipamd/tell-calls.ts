import type { CniCall } from '../cniproto/index.ts';
import type { Allocation, Owner } from '../pool/index.ts';
import type { Timers } from '../sys/index.ts';
import type { Node } from './parts.ts';

type Told = Pick<Node, 'clock' | 'logger'>;

/** Nearly every pod has one address; of several each is a value of its own, to be found by. */
const oneOrAll = (texts: readonly string[]): string | readonly string[] | undefined =>
  texts.length > 1 ? texts : texts[0];

/** Milliseconds, to a tenth. */
const since = (clock: Timers, started: number): number => Math.round((clock.monotonic() - started) * 10) / 10;

const podOf = ({ podNamespace = '', podName }: Partial<Owner>): string | undefined =>
  podName === undefined ? undefined : `${podNamespace}/${podName}`;

/** Times a call from now on. What it returns tells how it ended, behind the answer: for that a runtime waits. */
export function timeCall(clock: Timers, tell: (code: string, ms: number) => void): (code: string) => void {
  const started = clock.monotonic();
  return (code) => {
    const ms = clock.monotonic() - started;
    clock.after(0, () => tell(code, ms));
  };
}

/** Logs what a pod was given, behind the answer. */
export function tellAdded(
  { clock, logger }: Told,
  call: Pick<CniCall, 'containerId' | 'args'>,
  given: readonly (Pick<Allocation, 'address'> & Partial<Allocation>)[],
  started: number,
): void {
  const fields = {
    container_id: call.containerId,
    pod: podOf(call.args),
    pod_ip: oneOrAll(given.map(({ address }) => address)),
    eni_id: oneOrAll(given.flatMap(({ eni }) => eni?.id ?? [])),
    duration_ms: since(clock, started),
  };
  clock.after(0, () => logger.info('pod added', fields));
}

/** Logs what a pod had. */
export function tellDeleted(
  { clock, logger }: Told,
  owner: Owner,
  addresses: readonly string[],
  started: number,
): void {
  logger.info('pod deleted', {
    container_id: owner.containerId,
    pod: podOf(owner),
    pod_ip: oneOrAll(addresses),
    duration_ms: since(clock, started),
  });
}
