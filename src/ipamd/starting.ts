import { HostError } from '../errors/index.ts';
import type { Timers } from '../sys/index.ts';
import type { Phase } from './status.ts';

/** What a start does to the network of the host, in the words it is told in. */
export const HOST_NETWORK = { rules: 'setting packet rules', links: 'repairing the host network' } as const;

/**
 * Why a call cannot be served yet. Where the kernel refuses what pods that run depend on, that is said: STATUS tells the two
 * apart.
 */
export function startingRefusal(phase: Phase): HostError {
  if (phase.kind !== 'starting') return new HostError('ENGINE_STARTING', { phase: phase.kind });
  const { doing, failure } = phase;
  const reason = failure?.error.message;
  if (reason !== undefined && Object.values<string>(HOST_NETWORK).includes(doing))
    return new HostError('HOST_NETWORK_FAILED', { doing, reason }, failure?.error);
  return new HostError('ENGINE_STARTING', { phase: reason ?? doing }, failure?.error);
}

const START_WAIT_MS = 20_000;
const START_WAITS_MS: Readonly<Record<string, number>> = {
  // A DEL is kept by the plugin when we cannot take it: better soon than late.
  DEL: 3_000,
  // It asks whether pods can be served now.
  STATUS: 500,
};

/** What serves calls, once the daemon has started; a call that comes earlier waits for it, but not for ever. */
export async function onceStarted<T>(
  started: Promise<T>,
  phase: () => Phase,
  call: { readonly command: string; readonly clock: Pick<Timers, 'after'> },
): Promise<T> {
  const { kind } = phase();
  if (kind === 'serving') return started;
  if (kind === 'stopping') throw new HostError('ENGINE_STARTING', { phase: 'the daemon is being stopped' });
  const late = Promise.withResolvers<never>();
  const cancel = call.clock.after(START_WAITS_MS[call.command] ?? START_WAIT_MS, () =>
    late.reject(startingRefusal(phase())),
  );
  return Promise.race([started, late.promise]).finally(cancel);
}
