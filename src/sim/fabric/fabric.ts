import type { Exec } from '../../sys/index.ts';
import type { SimEvent, SimInstance } from '../model/types.ts';
import { applyChange, layFoundation } from './apply.ts';
import { createFollower, type FabricModel, type FabricState, NOTHING } from './follower.ts';
import type { KernelFacts } from './links.ts';
import type { VpcNames } from './names.ts';
import type { Port } from './port.ts';

/** The simulated VPC in the kernel: follows the model's events. */
export interface Fabric {
  readonly facts: KernelFacts;
  /** Takes note of an event; the kernel follows soon, a burst at once. */
  follow(event: SimEvent): void;
  /** Resolves when the kernel has followed every event so far; rejects with the first failure since the last call. */
  settled(): Promise<void>;
  /** The links that are plugged in, or about to be. */
  ports(): readonly Port[];
  /** Takes the links of an instance away until `release`: its machine is about to be made anew. Then see `settled`. */
  hold(instanceId: string): void;
  release(instanceId: string): void;
}

/** What a fabric needs. */
export interface FabricOptions {
  readonly exec: Exec;
  readonly names: VpcNames;
  readonly model: FabricModel;
  /** The network namespace of an instance's machine, which must be there before the instance runs. */
  readonly netnsOf: (instance: SimInstance) => string;
  /** Told at once what the kernel refused. */
  readonly onFailure?: (error: unknown) => void;
}

/** Lays out router and internet, follows the model as it is, and returns the fabric. */
export async function createFabric(options: FabricOptions): Promise<Fabric> {
  const { exec, names, model, onFailure = () => undefined } = options;
  const facts = await layFoundation(exec, names);
  const follower = createFollower(model, options.netnsOf);
  const site = { exec, names, facts, onFailure };
  let state: FabricState = NOTHING;
  let running: Promise<void> | undefined;
  let failed: { readonly error: unknown } | undefined;

  const follow = async (): Promise<void> => {
    const before = state;
    try {
      state = follower.next(before);
    } finally {
      // Also what could not be read: it is looked at again when it has changed, not for ever.
      follower.forget();
    }
    await applyChange(site, before, state);
  };
  const drain = async (): Promise<void> => {
    while (follower.isBehind())
      await follow().catch((error: unknown) => {
        failed ??= { error };
        onFailure(error);
      });
  };
  const wake = (): void => {
    running ??= Promise.resolve()
      .then(drain)
      .finally(() => {
        running = undefined;
        // Something may have been noted after the last look and before this: nobody else would see to it.
        if (follower.isBehind()) wake();
      });
  };
  const settled = async (): Promise<void> => {
    while (running !== undefined) await running;
    const failure = failed;
    failed = undefined;
    if (failure !== undefined) throw failure.error;
  };
  const hold = (instanceId: string, held: boolean): void => {
    follower.hold(instanceId, held);
    wake();
  };
  wake();
  await settled();
  return {
    facts,
    follow(event) {
      follower.note(event);
      wake();
    },
    settled,
    ports: () => [...follower.next(state).ports.values()],
    hold: (instanceId) => hold(instanceId, true),
    release: (instanceId) => hold(instanceId, false),
  };
}
