import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { DEFINITION } from './grpc.ts';

/** A sandbox as a runtime lists it; state 0 is ready, and one on the network of the host has no address. */
export interface ListedSandbox {
  readonly id: string;
  readonly name: string;
  readonly state: 0 | 1;
  readonly ip: string;
}

type Reply = (error: null, reply: object) => void;

/** A runtime that speaks CRI by protobuf's own library: none of our codec takes part. Its sandboxes are what the test says. */
export class CriRuntime implements Disposable {
  sandboxes: readonly ListedSandbox[] = [];
  readonly #server = new Server();

  /** Listens on a unix socket. */
  async listen(path: string): Promise<void> {
    const service = DEFINITION['runtime.v1.RuntimeService'];
    if (service === undefined || 'format' in service) throw new Error('no such service');
    const of = ({ id, name, state }: ListedSandbox) => ({
      ...{ id, state },
      metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 1 },
    });
    const methods: UntypedServiceImplementation = {
      ListPodSandbox: (_: unknown, answer: Reply) => answer(null, { items: this.sandboxes.map(of) }),
      PodSandboxStatus: ({ request }: { request: { pod_sandbox_id: string } }, answer: Reply) => {
        const found = this.sandboxes.find(({ id }) => id === request.pod_sandbox_id);
        const status = found && { ...of(found), network: { ip: found.ip } };
        answer(null, { status, info: { pid: '1' } });
      },
    };
    this.#server.addService(service, methods);
    mkdirSync(dirname(path), { recursive: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#server.forceShutdown();
  }
}
