import { HostError, toHostError } from '../../errors/index.ts';
import { SimFault } from '../model/index.ts';
import { MAX_ORDER_BYTES, refusal } from './admin-guard.ts';
import { type Caller, type LoopbackFace, listenOnLoopback } from './listen.ts';
import {
  parseAction,
  parseCallFilter,
  parseClockOrder,
  parseDialOrder,
  parseName,
  parseNodeOrder,
  parseSubnetOrder,
  parseThrottleOrder,
  parseTimesOrder,
} from './parse-orders.ts';
import { peerUid } from './peer.ts';
import type { Simulator } from './simulator.ts';

/** One order: method and path, with `…` for the name of the object it is about, that name, and its JSON. */
interface Order {
  readonly order: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** The order book of a simulator, over HTTP on loopback: what `vpc-cni sim` calls. Throws `SIM_PORT_TAKEN`. */
export function listenForOrders(simulator: Simulator, port: number): LoopbackFace {
  const face = listenOnLoopback({ face: 'orders', port, maxBytes: MAX_ORDER_BYTES }, (request, caller) =>
    answerOrder(simulator, { request, caller, port: face.port }),
  );
  return face;
}

async function answerOrder(
  simulator: Simulator,
  call: { readonly request: Request; readonly caller: Caller; readonly port: number },
): Promise<Response> {
  const { request, caller, port } = call;
  const { pathname, searchParams } = new URL(request.url);
  const [, collection = '', item, ...verb] = pathname.split('/');
  const order = [`${request.method} /${collection}`, ...(item === undefined ? [] : ['…']), ...verb].join('/');
  const refused = refusal(
    {
      method: request.method,
      host: request.headers.get('host'),
      origin: request.headers.get('origin'),
      contentLength: request.headers.get('content-length'),
      uid: () => peerUid({ peerAddress: caller.address, peerPort: caller.port, port }),
    },
    process.getuid?.() ?? 0,
  );
  if (refused !== undefined)
    return failed(new HostError('SIM_REFUSED', { request: order, reason: refused.reason }), refused.status);
  try {
    const name = parseName(order, item ?? '');
    return Response.json(
      (await obey(simulator, { order, name, query: searchParams, body: await request.text() })) ?? null,
    );
  } catch (error) {
    if (error instanceof SimFault)
      return failed(
        new HostError('SIM_REFUSED', { request: order, reason: `${error.code}: ${error.message}` }, error),
        400,
      );
    return failed(toHostError(error), 400);
  }
}

const failed = (failure: HostError, status: number): Response => Response.json(failure, { status });

async function obey(simulator: Simulator, { order, name, query, body }: Order): Promise<unknown> {
  switch (order) {
    case 'GET /status':
      return simulator.status();
    case 'POST /nodes':
      return simulator.addNode(parseNodeOrder(order, body));
    case 'GET /nodes':
      return simulator.listNodes();
    case 'DELETE /nodes/…':
      return simulator.nodes.remove(name);
    case 'POST /nodes/…/reboot':
      return simulator.nodes.reboot(name);
    case 'POST /nodes/…/terminate':
      return simulator.nodes.terminate(name);
    case 'POST /subnets/…':
      return simulator.setSubnet(name, parseSubnetOrder(order, body));
    case 'GET /calls':
      return simulator.calls(parseCallFilter(order, query));
    case 'DELETE /calls': {
      const calls = simulator.calls(parseCallFilter(order, query));
      simulator.vpc.clearCalls();
      return calls;
    }
    case 'POST /clock':
      return simulator.setClock(parseClockOrder(order, body));
    case 'GET /dials':
      return simulator.dials.list();
    case 'POST /dials':
      simulator.dials.set(parseDialOrder(order, body));
      return simulator.dials.list();
    case 'DELETE /dials':
      simulator.dials.clear();
      return simulator.dials.list();
    case 'DELETE /dials/…':
      simulator.dials.clear(parseAction(order, name));
      return simulator.dials.list();
    case 'PUT /throttle':
      return simulator.dials.setBuckets(parseThrottleOrder(order, body).buckets);
    case 'PUT /times':
      simulator.times.set(parseTimesOrder(order, body));
      return simulator.times.spans();
    default:
      throw new HostError('SIM_ORDER_INVALID', { request: order, reason: 'there is no such order' });
  }
}
