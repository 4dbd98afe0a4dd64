import { HostError, toHostError } from '../../errors/index.ts';
import { EC2_ACTIONS } from '../ec2/index.ts';
import { SimFault } from '../model/index.ts';
import { parseDialRequest, parseNodeRequest } from './parse-answers.ts';
import type { Simulator } from './simulator.ts';

/** The order book of a simulator, over HTTP: what `vpc-cni sim` calls. */
export function createAdminHandler(simulator: Simulator): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const [, collection = '', item] = pathname.split('/');
    const name = item === undefined ? undefined : decodeURIComponent(item);
    const order = `${request.method} /${collection}`;
    try {
      return Response.json((await obey(simulator, { order, name, body: await request.text() })) ?? null);
    } catch (error) {
      const failure =
        error instanceof SimFault
          ? new HostError('SIM_REFUSED', { request: order, reason: `${error.code}: ${error.message}` }, error)
          : toHostError(error);
      return Response.json(failure, { status: 400 });
    }
  };
}

async function obey(
  simulator: Simulator,
  request: { readonly order: string; readonly name: string | undefined; readonly body: string },
): Promise<unknown> {
  const { order, name, body } = request;
  const sound = <T>(parsed: T | string): T => {
    if (typeof parsed === 'string') throw new HostError('SIM_REFUSED', { request: order, reason: parsed });
    return parsed;
  };
  switch (order) {
    case 'GET /status':
      return simulator.status();
    case 'POST /nodes':
      return simulator.addNode(sound(parseNodeRequest(body)));
    case 'DELETE /nodes':
      return simulator.removeNode(name ?? '');
    case 'GET /calls':
      return simulator.vpc.calls();
    case 'DELETE /calls':
      return simulator.vpc.clearCalls();
    case 'POST /dials':
      simulator.dials.set(sound(parseDialRequest(body, EC2_ACTIONS)));
      return simulator.dials.list();
    case 'DELETE /dials':
      simulator.dials.clear(name);
      return simulator.dials.list();
    default:
      throw new HostError('SIM_REFUSED', { request: order, reason: 'there is no such order' });
  }
}
