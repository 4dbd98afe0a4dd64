import { join } from 'node:path';
import type { Measured } from './rows.ts';

/** What the process with the large VPC says of itself. */
export interface SimReport {
  readonly url: string;
  readonly region: string;
  readonly residentMb: number;
  readonly instanceIds: readonly string[];
  /** Microseconds, by name of the row. */
  readonly operations: Readonly<Record<string, readonly number[]>>;
}

const BUDGET = { residentMb: 250, describeMs: 5, operationUs: 500, findUs: 10 } as const;
const DESCRIBES = 100;
const WARM_UP = 20;

/** Measures the simulator's model and its EC2 API with 1000 instances of 4 ENIs, in a process of its own. */
export async function measureSim(): Promise<readonly Measured[]> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'sim-vpc.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const report = parseReport(await firstLine(child.stdout));
    const describe: number[] = [];
    for (let n = 0; n < WARM_UP + DESCRIBES; n += 1) {
      const took = await describeEnis(report, report.instanceIds[(n * 37) % report.instanceIds.length] ?? '');
      if (n >= WARM_UP) describe.push(took);
    }
    const budget = (row: Pick<Measured, 'name' | 'ours' | 'unit'>, peer: number): Measured => ({
      ...row,
      peer: [peer],
      against: 'budget',
    });
    return [
      budget({ name: 'sim-1000-instances', ours: [report.residentMb], unit: 'MB' }, BUDGET.residentMb),
      budget({ name: 'sim-describe-enis', ours: describe, unit: 'ms' }, BUDGET.describeMs),
      ...Object.entries(report.operations).map(([name, ours]) =>
        budget({ name, ours, unit: 'µs' }, name.startsWith('sim-find') ? BUDGET.findUs : BUDGET.operationUs),
      ),
    ];
  } finally {
    await child.stdin.end();
    await child.exited;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error('the process with the simulated VPC ended before it had measured, see above');
}

function parseReport(line: string): SimReport {
  return JSON.parse(line);
}

/** The ENIs of one instance by filter, as a node's daemon asks for them; milliseconds until the answer is read. */
async function describeEnis({ url, region }: SimReport, instanceId: string): Promise<number> {
  const parameters = {
    Action: 'DescribeNetworkInterfaces',
    'Filter.1.Name': 'attachment.instance-id',
    'Filter.1.Value.1': instanceId,
  };
  const request = signedRequest({ url, region, parameters });
  const start = performance.now();
  const answer = await fetch(request);
  const text = await answer.text();
  const took = performance.now() - start;
  const found = text.match(/<networkInterfaceId>/g)?.length;
  if (found !== 4) throw new Error(`asked for the 4 ENIs of ${instanceId}, got ${found}: ${text.slice(0, 300)}`);
  return took;
}

/** A request to the simulator's EC2 API as any client sends it. */
export function signedRequest(call: {
  readonly url: string;
  readonly region: string;
  readonly parameters: Readonly<Record<string, string>>;
}): Request {
  const { url, region, parameters } = call;
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `AKIDEXAMPLE/${stamp.slice(0, 8)}/${region}/ec2/aws4_request`;
  return new Request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-date': stamp,
      // The simulator looks at the shape of a signature unless it was given credentials.
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
    },
    body: new URLSearchParams({ Version: '2016-11-15', ...parameters }).toString(),
  });
}
