import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { executable, freshVpc } from '../support/e2e.ts';

setDefaultTimeout(60_000);

const vpc = freshVpc('se');
const a = vpc.node('node-a');

beforeAll(() => vpc.up('--nodes', '1'));
afterAll(() => vpc.down());

test('a daemon that is told to stop while it starts ends at once, whatever EC2 owes it an answer to', async () => {
  await vpc.dial('DescribeNetworkInterfaces', '--delay', '20000');
  const script = `
    ${executable()} ipamd 2>&1 & pid=$!
    until ${executable()} status | grep -q 'asking EC2'; do sleep 0.05; done
    kill -TERM $pid
    timeout 2 tail --pid=$pid -f /dev/null || kill -KILL $pid
    wait $pid`;
  const { exitCode, stdout } = await a.run(['sh', '-c', script]);
  expect([exitCode, stdout]).toEqual([0, expect.not.stringContaining('"serving"')]);
});
