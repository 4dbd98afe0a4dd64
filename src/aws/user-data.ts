import type { Imds } from './imds.ts';

const PATH = '/latest/user-data';

/** The EC2 user data this instance was started with; empty when there is none. Throws what the metadata service throws. */
export async function readUserData(imds: Pick<Imds, 'getBytes'>): Promise<Uint8Array> {
  return (await imds.getBytes(PATH)) ?? new Uint8Array();
}
