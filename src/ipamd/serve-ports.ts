import { AWS_NODE, METRICS_PORT } from '../hostspec/index.ts';
import type { Engine } from './engine.ts';
import { GrpcBackend } from './grpc/backend.ts';
import { grpcDaemon } from './grpc/daemon.ts';
import { serveGrpc } from './grpc/serve.ts';
import { introspectionRoutes } from './introspection.ts';
import type { CallCounts } from './metrics.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';
import { servePort } from './ports.ts';

/** Opens what others look at the daemon through, as far as the settings want it: metrics, introspection, gRPC. */
export function servePorts(parts: {
  readonly node: Node;
  readonly engine: Engine;
  readonly network: NodeNetwork;
  readonly counts: CallCounts;
}): void {
  const { node, engine, network, counts } = parts;
  const { settings } = node;
  const { registry } = counts;
  const metrics = async (): Promise<Response> =>
    new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } });
  if (!settings.DISABLE_METRICS)
    void servePort({ name: 'metrics', host: '127.0.0.1', port: METRICS_PORT, routes: { '/metrics': metrics } }, node);
  if (!settings.DISABLE_INTROSPECTION) {
    const routes = introspectionRoutes(settings, engine, network);
    void servePort({ name: 'introspection', ...settings.INTROSPECTION_BIND_ADDRESS, routes }, node);
  }
  if (settings.ENABLE_GRPC_COMPAT) void serveGrpc(AWS_NODE.socket, new GrpcBackend(grpcDaemon(parts)), node);
}
