import { usesMark } from '../dataplane/index.ts';
import { AWS_NODE, METRICS_PORT } from '../hostspec/index.ts';
import { checkPool, type Pool } from '../pool/index.ts';
import type { Engine } from './engine.ts';
import { GrpcBackend } from './grpc/backend.ts';
import { grpcDaemon } from './grpc/daemon.ts';
import { serveGrpc } from './grpc/serve.ts';
import { introspectionRoutes } from './introspection/routes.ts';
import type { Placement } from './lanes/index.ts';
import type { Counts } from './metrics/counts.ts';
import { registerPoolMetrics } from './metrics/pool-metrics.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Onlooker } from './onlooker.ts';
import type { Edges, Node } from './parts.ts';
import { type Routes, servePort } from './ports.ts';
import type { Reaper } from './reaper.ts';

/** Opens the introspection port, where there is one; who is called gives it the routes that need a pool. */
export function openIntrospection(edges: Edges, page: Onlooker | undefined): (routes: Routes) => void {
  const { INTROSPECTION_BIND_ADDRESS, DISABLE_INTROSPECTION } = edges.settings;
  let routes: Routes | undefined;
  if (!DISABLE_INTROSPECTION)
    void servePort({ name: 'introspection', ...INTROSPECTION_BIND_ADDRESS, routes: () => routes, page }, edges);
  return (known) => {
    routes = known;
  };
}

/** Opens what others look at the daemon through, as far as the settings want it: metrics, introspection, gRPC. */
export function servePorts(parts: {
  readonly node: Node;
  readonly engine: Engine;
  readonly network: NodeNetwork;
  readonly placement: Pick<Placement, 'configName'>;
  readonly counts: Counts;
  readonly reaper: Reaper;
  readonly readyMs: () => number | undefined;
  readonly introspect: (routes: Routes) => void;
}): void {
  const { node, engine, network, placement, counts, readyMs, introspect } = parts;
  const { settings, limits, targets, clock } = node;
  const { registry } = counts;
  const view = (): Pool => {
    engine.pool.endCooldowns(clock.monotonic());
    return engine.pool;
  };
  const marks = usesMark({
    externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
    nodePort: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
  });
  registerPoolMetrics(registry, () => ({
    view: view(),
    limits,
    mode: targets.mode,
    waiting: engine.waiting,
    violations: checkPool(engine.pool),
    marks: marks ? network.packetFilter : undefined,
    readyMs: readyMs(),
  }));
  const metrics = async (): Promise<Response> =>
    new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } });
  if (!settings.DISABLE_METRICS)
    void servePort(
      { name: 'metrics', host: '127.0.0.1', port: METRICS_PORT, routes: () => ({ '/metrics': metrics }) },
      node,
    );
  introspect(introspectionRoutes({ settings, limits, view, clock, eniConfigName: () => placement.configName }));
  if (settings.ENABLE_GRPC_COMPAT) void serveGrpc(AWS_NODE.socket, new GrpcBackend(grpcDaemon(parts)), node);
}
