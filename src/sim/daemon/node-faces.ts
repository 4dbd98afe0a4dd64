import type { SimInstance, SimVpc } from '../model/index.ts';
import { type Answer, type LoopbackFace, listenOnLoopback } from './listen.ts';
import { primaryAddress } from './view.ts';

/** The metadata service of each instance on a loopback port of its own. */
export interface NodeFaces extends Disposable {
  /** Empty for an instance that is terminated. */
  urlOf(instanceId: string): string;
}

/**
 * Outside a node the address a caller has says nothing about which instance it is: there the port does. Ports come and
 * go with instances, whoever launches or terminates them.
 */
export function createNodeFaces(parts: {
  readonly vpc: SimVpc;
  readonly imds: Answer;
  readonly onError: (error: unknown) => void;
}): NodeFaces {
  const { vpc, imds, onError } = parts;
  const faces = new Map<string, LoopbackFace>();
  const open = (instance: SimInstance): void => {
    try {
      const face = listenOnLoopback({ face: `metadata of ${instance.name}` }, (request) =>
        imds(request, primaryAddress(vpc, instance)),
      );
      faces.set(instance.id, face);
    } catch (error) {
      // The node itself reaches its metadata at the usual address: going on without this port.
      onError(error);
    }
  };
  const stopObserving = vpc.observe((event) => {
    if (event.kind === 'instance-launched') open(event.instance);
    if (event.kind !== 'instance-terminated') return;
    faces.get(event.instance.id)?.[Symbol.dispose]();
    faces.delete(event.instance.id);
  });
  return {
    urlOf: (instanceId) => faces.get(instanceId)?.url ?? '',
    [Symbol.dispose]: () => {
      stopObserving();
      for (const face of faces.values()) face[Symbol.dispose]();
    },
  };
}
