import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { replaySpool } from '../../src/ipamd/spool.ts';
import { createLogger } from '../../src/log/index.ts';
import { createFiles, withTemporaryDirectory } from '../../src/sys/index.ts';

const logger = createLogger({ level: 'error', program: 'test' });

test('replaySpool() works off what it can, keeps what failed, and sets aside what nobody can read', () =>
  withTemporaryDirectory(async (directory) => {
    const files = createFiles('/');
    const kept = { '1-done': '{"n":1}', '2-later': '{"n":2}', '3-broken': '{"n":', '4-done': '{"n":4}' };
    for (const [name, text] of Object.entries(kept))
      files.replace({ path: `${directory}/${name}.json`, text, mode: 0o600 });
    const seen: unknown[] = [];
    let busy = true;
    const replay = (request: unknown): void => {
      seen.push(request);
      if (request === undefined) throw new HostError('CNI_CONFIG', { reason: 'the request is not an object' });
      if (busy && JSON.stringify(request) === '{"n":2}')
        throw new HostError('NETLINK', { action: 'list rules', errno: 'EINTR' });
    };
    const run = (): void => replaySpool({ files, directory, logger, replay });
    run();
    expect(seen).toEqual([{ n: 1 }, { n: 2 }, undefined, { n: 4 }]);
    expect(files.list(directory)).toEqual(['2-later.json', '3-broken.json.refused']);
    busy = false;
    run();
    expect(files.list(directory)).toEqual(['3-broken.json.refused']);
  }));
