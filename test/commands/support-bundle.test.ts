import { expect, test } from 'bun:test';
import { run } from '../../src/commands/support-bundle.ts';

test('a bundle for a terminal, or beside a document, is refused before anything is collected', async () => {
  for (const [isTty, argv, reason] of [
    [true, ['-o', '-'], 'a bundle is not for a terminal'],
    [false, ['-o', '-', '--json'], 'stdout is one of the bundle and of --json'],
  ] as const) {
    const out: string[] = [];
    const code = await run({
      argv,
      env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' },
      executable: '/nowhere/vpc-cni',
      stdout: (text) => out.push(String(text)),
      stderr: (text) => out.push(text),
      isTty,
    });
    expect([code, out.join('').includes(reason), out.join('').includes('collecting')]).toEqual([2, true, false]);
  }
});
