import { expect, test } from 'bun:test';
import { createNodeFaces } from '../../../src/sim/daemon/node-faces.ts';
import { smallVpc, subnetId } from '../model/support.ts';

test('each instance has a port of its own from its launch to its end, and none stays open', async () => {
  const vpc = smallVpc();
  const faces = createNodeFaces({ vpc, imds: (_, caller) => new Response(caller), onError: () => undefined });
  const ask = (url: string): Promise<string> =>
    fetch(url).then(
      (answer) => answer.text(),
      () => 'nobody',
    );
  const run = () => vpc.runInstance({ instanceType: 't3.small', subnetId: subnetId(vpc) }).id;
  const [first, second] = [run(), run()];
  const urls = [first, second].map(faces.urlOf);
  const seen = [await Promise.all(urls.map(ask))];
  vpc.terminateInstance(first);
  seen.push(await Promise.all(urls.map(ask)));
  expect([faces.urlOf(first), faces.urlOf(second)]).toEqual(['', urls[1] ?? '']);
  faces[Symbol.dispose]();
  run();
  seen.push(await Promise.all(urls.map(ask)));
  expect(seen).toEqual([
    ['10.0.1.4', '10.0.1.5'],
    ['nobody', '10.0.1.5'],
    ['nobody', 'nobody'],
  ]);
});
