import { SimFault } from '../model/index.ts';

/** A request of EC2 that is larger has no honest reason. */
const MAX_BODY = 1024 * 1024;

/** A request as it came in: the bytes the signature covers, and the parameters in them. */
export interface Received {
  readonly body: Uint8Array;
  readonly pairs: readonly (readonly [string, string])[];
}

/** Reads the parameters of a request, from the query of a GET or the form of a POST. */
export async function receive(request: Request): Promise<Received> {
  const { search, searchParams } = new URL(request.url);
  if (search.length > MAX_BODY) throw tooLarge();
  if (request.method === 'GET') return { body: new Uint8Array(), pairs: [...searchParams] };
  if (request.method !== 'POST')
    throw new SimFault('InvalidRequest', `EC2 answers GET and POST, not ${request.method}`, 405);
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new SimFault('InvalidRequest', `The body must be application/x-www-form-urlencoded, not ${type}`);
  const body = await readBounded(request);
  const text = new TextDecoder().decode(body);
  return { body, pairs: [...searchParams, ...new URLSearchParams(text)] };
}

async function readBounded(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): SimFault {
  return new SimFault('RequestEntityTooLarge', `A request may hold ${MAX_BODY} bytes at most`, 413);
}
