import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServerErrorResponse, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { HostError, toHostError } from '../../errors/index.ts';
import type { Logger } from '../../log/index.ts';
import { acceptsConnections, type Clock } from '../../sys/index.ts';
import type { Answer, GrpcBackend } from './backend.ts';
import { encodeMessage, type Message, type Spec } from './encode-message.ts';
import {
  ADD_REPLY,
  ADD_REQUEST,
  DEL_REPLY,
  DEL_REQUEST,
  EMPTY,
  HEALTH_REPLY,
  HEALTH_REQUEST,
  POLICY_CONFIG,
} from './messages.ts';
import { parseMessage } from './parse-message.ts';

type Grpc = typeof import('@grpc/grpc-js');
type Server = InstanceType<Grpc['Server']>;

const RETRY_MS = 2_000;
const CONNECT_MS = 1_000;
/** The plugin and the agent run as root; a group may be let in by who owns the socket. */
const SOCKET_MODE = 0o660;
const DIRECTORY_MODE = 0o755;

/** `HealthCheckResponse.ServingStatus`. */
const SERVING = 1;
const SERVICE_UNKNOWN = 3;
/** Names under which aws-node's ipamd says that it serves; the first one is the server as a whole. */
const HEALTHY: readonly string[] = ['', 'grpc.health.v1.aws-node'];

interface Method<Q extends Spec, R extends Spec> {
  readonly path: string;
  readonly request: Q;
  readonly reply: R;
  readonly answer: (request: Message<Q>, gone: AbortSignal) => Answer<Message<R>> | Promise<Answer<Message<R>>>;
}

function registerUnary<Q extends Spec, R extends Spec>(grpc: Grpc, server: Server, method: Method<Q, R>): void {
  const failure = (caught: unknown): Partial<ServerErrorResponse> => ({
    code: grpc.status.UNKNOWN,
    details: toHostError(caught).message,
  });
  const handle = async (
    call: ServerUnaryCall<Message<Q>, Message<R>>,
    send: sendUnaryData<Message<R>>,
  ): Promise<void> => {
    const gone = new AbortController();
    // Also told after an answer has been sent, when it no longer matters.
    call.on('cancelled', () => gone.abort());
    try {
      const answer = await method.answer(call.request, gone.signal);
      if (answer.kind === 'reply') send(null, answer.reply);
      else send({ code: grpc.status[answer.status], details: answer.text });
    } catch (error) {
      send(failure(error));
    }
  };
  server.register<Message<Q>, Message<R>>(
    method.path,
    (call: ServerUnaryCall<Message<Q>, Message<R>>, send: sendUnaryData<Message<R>>) => void handle(call, send),
    (reply) => encodeMessage(method.reply, reply),
    (bytes) => parseMessage(method.request, bytes),
    'unary',
  );
}

type HealthRequest = Message<typeof HEALTH_REQUEST>;
type HealthReply = Message<typeof HEALTH_REPLY>;

/** The health service as gRPC's own Go library has it: an unknown name is NOT_FOUND when asked, a status when watched. */
function registerHealth(grpc: Grpc, server: Server): void {
  const serialize = (reply: HealthReply): Buffer => encodeMessage(HEALTH_REPLY, reply);
  const deserialize = (bytes: Buffer): HealthRequest => parseMessage(HEALTH_REQUEST, bytes);
  server.register<HealthRequest, HealthReply>(
    '/grpc.health.v1.Health/Check',
    (call: ServerUnaryCall<HealthRequest, HealthReply>, send: sendUnaryData<HealthReply>) => {
      if (HEALTHY.includes(call.request.service)) send(null, { status: SERVING });
      else send({ code: grpc.status.NOT_FOUND, details: 'unknown service' });
    },
    serialize,
    deserialize,
    'unary',
  );
  server.register<HealthRequest, HealthReply>(
    '/grpc.health.v1.Health/Watch',
    // Ends when the watcher or the server does.
    (call: ServerWritableStream<HealthRequest, HealthReply>) => {
      call.write({ status: HEALTHY.includes(call.request.service) ? SERVING : SERVICE_UNKNOWN });
    },
    serialize,
    deserialize,
    'serverStream',
  );
}

async function bind(path: string, backend: GrpcBackend): Promise<Server> {
  // Loaded only by who asks for it: 8 ms and 15 MB.
  const grpc = await import('@grpc/grpc-js');
  const server = new grpc.Server();
  registerUnary(grpc, server, {
    path: '/rpc.CNIBackend/AddNetwork',
    request: ADD_REQUEST,
    reply: ADD_REPLY,
    answer: (request, gone) => backend.addNetwork(request, gone),
  });
  registerUnary(grpc, server, {
    path: '/rpc.CNIBackend/DelNetwork',
    request: DEL_REQUEST,
    reply: DEL_REPLY,
    answer: (request) => backend.delNetwork(request),
  });
  registerUnary(grpc, server, {
    path: '/rpc.ConfigServerBackend/GetNetworkPolicyConfigs',
    request: EMPTY,
    reply: POLICY_CONFIG,
    answer: () => backend.policyConfig(),
  });
  registerHealth(grpc, server);
  if (mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE }) !== undefined)
    chmodSync(dirname(path), DIRECTORY_MODE);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  chmodSync(path, SOCKET_MODE);
  return server;
}

/**
 * Serves aws-node's gRPC interface on its socket until the signal. A socket that a dead daemon left is replaced; one that
 * somebody serves is left to him, and tried again until he is gone: two address pools on one node must not be mixed.
 */
export async function serveGrpc(
  path: string,
  backend: GrpcBackend,
  parts: { readonly logger: Logger; readonly clock: Pick<Clock, 'sleep'>; readonly signal: AbortSignal },
): Promise<void> {
  const { logger, clock, signal } = parts;
  for (let told = false; !signal.aborted; ) {
    try {
      if (await acceptsConnections(path, CONNECT_MS)) throw new HostError('SOCKET_TAKEN', { path });
      const server = await bind(path, backend);
      // Calls under way are cut off: the runtime repeats what failed.
      const stop = (): void => server.forceShutdown();
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      logger.info("serving aws-node's gRPC interface", { path });
      return;
    } catch (caught) {
      if (!told) logger.warn("aws-node's gRPC interface is not served, trying again", { error: toHostError(caught) });
      told = true;
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}
