import { followedFact, type ReadFiles } from '../../sys/index.ts';
import type { NetworkFacts } from './network.ts';
import { parseSandboxAddress, parseSandboxes, sandboxRequest } from './parse-sandboxes.ts';
import { knownSandboxes, type SandboxFacts } from './sandboxes.ts';

/** Where runtimes listen; the variable is crictl's. */
const SOCKETS = ['/run/containerd/containerd.sock', '/run/k3s/containerd/containerd.sock', '/run/crio/crio.sock'];
const SOCKET_VARIABLE = 'CONTAINER_RUNTIME_ENDPOINT';

const DEADLINE_MS = 1_000;
const MOST_STRANGERS = 20;

type Call = (method: string, request: Buffer) => Promise<Buffer>;

/** Has a runtime asked by its gRPC interface, which kubelet uses (CRI, version 1). */
async function withRuntime<T>(socket: string, work: (call: Call) => Promise<T>): Promise<T> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const call: Call = (method, request) =>
    new Promise((resolve, reject) => {
      const path = `/runtime.v1.RuntimeService/${method}`;
      const deadline = new Date(Date.now() + DEADLINE_MS);
      client.makeUnaryRequest(path, same, same, request, { deadline }, (error, reply) => {
        if (error !== null || reply === undefined) reject(error ?? new Error(`${method}: no reply`));
        else resolve(reply);
      });
    });
  try {
    return await work(call);
  } finally {
    client.close();
  }
}

function socketOf(files: ReadFiles, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const told = env[SOCKET_VARIABLE]?.replace(/^unix:(?:\/\/)?/, '');
  return (told === undefined ? SOCKETS : [told]).find((path) => followedFact(files, path).kind === 'other');
}

/** The pods of this host's runtime; `undefined` where none of those we know listens. Throws when it does not answer. */
export async function observeSandboxes(
  place: { readonly files: ReadFiles; readonly env: Readonly<Record<string, string | undefined>> },
  { notes, observed }: NetworkFacts,
): Promise<SandboxFacts | undefined> {
  const socket = socketOf(place.files, place.env);
  if (socket === undefined) return undefined;
  return await withRuntime(socket, async (call) => {
    const all = parseSandboxes(await call('ListPodSandbox', Buffer.alloc(0)));
    const known = knownSandboxes(notes, observed);
    const unknown = all.filter(({ id, ready }) => ready && !known.has(id)).slice(0, MOST_STRANGERS);
    const strangers = await Promise.all(
      unknown.map(async (each) => {
        const address = parseSandboxAddress(await call('PodSandboxStatus', sandboxRequest(each.id)));
        return address === '' ? [] : [{ ...each, address }];
      }),
    );
    return { all, strangers: strangers.flat() };
  });
}
