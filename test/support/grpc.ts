import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

const PROTO = join(import.meta.dir, '../../src/ipamd/grpc/rpc.proto');
const HEALTH = join(import.meta.dir, '../fixtures/grpc/health.proto');
const CRI = join(import.meta.dir, '../fixtures/grpc/cri.proto');

/** The interface as protobuf's own library reads it from the text: nothing of our codec takes part. */
export const DEFINITION = loadSync([PROTO, HEALTH, CRI], { keepCase: true, defaults: true, enums: Number });

/** How a call ended: the reply, or gRPC's status number and text. */
export type GrpcAnswer =
  | { readonly kind: 'reply'; readonly reply: Readonly<Record<string, unknown>> }
  | { readonly kind: 'status'; readonly code: number; readonly text: string };

function methodOf(path: string): MethodDefinition<object, object> {
  const [, service = '', name = ''] = path.split('/');
  const methods = DEFINITION[service];
  if (methods === undefined || 'format' in methods) throw new Error(`no service ${service}`);
  const method = Object.entries(methods).find(([key]) => key === name)?.[1];
  if (method === undefined || !('path' in method)) throw new Error(`no method ${path}`);
  return method;
}

/** A client of a unix socket, as aws-node's plugin and kubelet are. */
export class GrpcClient implements Disposable {
  readonly #client: grpc.Client;
  readonly #withinMs: number;

  constructor(path: string, withinMs = 30_000) {
    this.#withinMs = withinMs;
    this.#client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure());
  }

  /** One call. `started` is given what cancels it. */
  call(path: string, request: object, started?: (cancel: () => void) => void): Promise<GrpcAnswer> {
    const { requestSerialize, responseDeserialize } = methodOf(path);
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        { deadline: Date.now() + this.#withinMs },
        (error, reply) => {
          if (error !== null) resolve({ kind: 'status', code: error.code, text: error.details });
          else resolve({ kind: 'reply', reply: { ...reply } });
        },
      );
      started?.(() => call.cancel());
    });
  }

  /** One call with bytes of the caller's own. */
  raw(path: string, bytes: Buffer): Promise<GrpcAnswer> {
    const same = (value: Buffer): Buffer => value;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, same, same, bytes, (error, reply) => {
        if (error !== null) resolve({ kind: 'status', code: error.code, text: error.details });
        else resolve({ kind: 'reply', reply: { bytes: reply } });
      });
    });
  }

  /** The first message of a stream that the server begins. */
  first(path: string, request: object): Promise<unknown> {
    const { requestSerialize, responseDeserialize } = methodOf(path);
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
    return new Promise((resolve, reject) => {
      call.once('data', (message: unknown) => {
        resolve(message);
        call.cancel();
      });
      call.on('error', reject);
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** What the plugin asks for a sandbox. */
export function addRequest(sandbox: string, change: object = {}): object {
  return {
    K8S_POD_NAME: sandbox,
    K8S_POD_NAMESPACE: 'default',
    K8S_POD_INFRA_CONTAINER_ID: '',
    Netns: `/run/netns/${sandbox}`,
    IfName: 'eth0',
    NetworkName: 'aws-cni',
    ContainerID: `c-${sandbox}`,
    ClientVersion: '',
    ...change,
  };
}

/** And when it is deleted. */
export function delRequest(sandbox: string, change: object = {}): object {
  const { Netns: _, ...rest }: Readonly<Record<string, unknown>> = { ...addRequest(sandbox) };
  return { ...rest, Reason: 'PodDeleted', ...change };
}
