import type { Entry, Missing } from './collect.ts';
import { tarOf } from './tar.ts';

/** What a bundle says of itself, in MANIFEST.json. */
export interface BundleManifest {
  readonly format: 'vpc-cni-support/1';
  readonly version: string;
  readonly build: string;
  readonly instance: string;
  readonly uid: number | undefined;
  readonly createdAt: string;
}

const HIDES =
  'Values of environment variables that are no settings, passwords, tokens, keys, and users in URLs read (hidden). Names of pods, addresses and names of hosts are as they were.';

/** `vpc-cni-support-i-0abc-20261130T013000Z` */
export function bundleName(instance: string, createdAt: string): string {
  return `vpc-cni-support-${instance}-${createdAt.replaceAll(/[-:]|\.\d+/g, '')}`;
}

/** The whole bundle: a gzipped tar of one folder, with a list of what is in it and of what could not be got. */
export function packBundle(
  manifest: BundleManifest,
  collected: { readonly entries: readonly Entry[]; readonly missing: readonly Missing[] },
): Uint8Array {
  const { entries, missing } = collected;
  const folder = bundleName(manifest.instance, manifest.createdAt);
  const encoder = new TextEncoder();
  const listed = entries.map(({ name, from, text, truncated, ms }) => {
    return { name, from, bytes: encoder.encode(text).length, truncated, ms };
  });
  const list = `${JSON.stringify({ ...manifest, hides: HIDES, files: listed, missing }, null, 2)}\n`;
  const files = [{ name: 'MANIFEST.json', text: list }, ...entries].map(({ name, text }) => {
    return { name, content: encoder.encode(text) };
  });
  return Bun.gzipSync(tarOf(folder, files, Date.parse(manifest.createdAt)));
}
