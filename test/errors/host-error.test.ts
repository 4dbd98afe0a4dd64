import { describe, expect, test } from 'bun:test';
import { HostError, toHostError } from '../../src/errors/index.ts';

describe('toHostError()', () => {
  const failure = (fields: object): Error => Object.assign(new Error('it failed'), fields);
  const own = new HostError('USAGE', { reason: 'x' });
  const rows = [
    { name: 'one of ours', error: own, message: own.message },
    {
      name: 'a full file system',
      error: failure({ code: 'ENOSPC', syscall: 'open', path: '/run/x' }),
      message: 'could not open /run/x: no space left on the file system (ENOSPC)',
    },
    {
      name: 'one that names no file',
      error: failure({ code: 'ENOSPC' }),
      message: 'could not write a file: no space left on the file system (ENOSPC)',
    },
    { name: 'a defect', error: failure({ code: 'ERR_X' }), message: 'unexpected failure: it failed' },
    { name: 'what is no error', error: 'words', message: 'unexpected failure: words' },
  ];
  for (const { name, error, message } of rows) test(name, () => expect(toHostError(error).message).toBe(message));
});
