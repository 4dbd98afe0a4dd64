import { expect, test } from 'bun:test';
import { violated } from '../../src/ipamd/pool-complaints.ts';
import { Pool } from '../../src/pool/index.ts';
import { address, facts, owner, single } from '../pool/model/sample.ts';

test('two pods that have one address are told of by their names, until one has gone', () => {
  const pool = new Pool();
  pool.putEni(facts(0));
  pool.addCidrs('eni-0-0', [single(0)]);
  expect(violated({ pool })).toBeUndefined();
  for (const n of [0, 1]) pool.apply({ kind: 'assigned', address: address(0), owner: owner(n), since: 1n });
  expect(violated({ pool })).toMatchObject({
    code: 'POOL_VIOLATION',
    message: 'the pool contradicts itself: address-two-owners 10.0.0.0 (default/pod-0 and default/pod-1)',
  });
  for (const event of pool.release(owner(0), 1)) pool.apply(event);
  expect(violated({ pool })).toBeUndefined();
});
