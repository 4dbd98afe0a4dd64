import { SimFault } from '../model/index.ts';

/** A request of EC2 that is larger has no honest reason. */
const MAX_BODY = 1024 * 1024;

/** The parameters of a request, from the query of a GET or the form of a POST. */
export async function readPairs(request: Request): Promise<readonly (readonly [string, string])[]> {
  const { searchParams } = new URL(request.url);
  if (request.method === 'GET') return [...searchParams];
  if (request.method !== 'POST')
    throw new SimFault('InvalidRequest', `EC2 answers GET and POST, not ${request.method}`, 405);
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new SimFault('InvalidRequest', `The body must be application/x-www-form-urlencoded, not ${type}`);
  return [...searchParams, ...new URLSearchParams(await readBounded(request))];
}

async function readBounded(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY)
      throw new SimFault('RequestEntityTooLarge', `A request may hold ${MAX_BODY} bytes at most`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
