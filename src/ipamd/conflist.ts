import { toHostError } from '../errors/index.ts';
import { CONFLIST_PATH, PATHS, renderConflist, wantedConflist } from '../hostspec/index.ts';
import type { Node } from './parts.ts';

const OURS: ReadonlySet<string> = new Set(['aws-cni', 'egress-cni']);

/** The CNI versions in a plugin's answer to VERSION; none when it is no such answer. */
function supportedVersions(answer: string): readonly string[] {
  const value: unknown = JSON.parse(answer);
  if (typeof value !== 'object' || value === null || !('supportedVersions' in value)) return [];
  const { supportedVersions: versions } = value;
  return Array.isArray(versions) ? versions.filter((version) => typeof version === 'string') : [];
}

/** What each stock plugin of the chain speaks. One that does not answer fails pods whatever we write; it is reported. */
async function chainVersions(node: Node): Promise<readonly (readonly string[])[]> {
  const types = wantedConflist(node.settings)
    .plugins.map(({ type }) => type)
    .filter((type) => !OURS.has(type));
  const asked = types.map(async (type) => {
    const argv = [`${PATHS.cniBin}/${type}`] as const;
    try {
      const env = { CNI_COMMAND: 'VERSION' };
      const { stdout } = await node.exec.run({ argv, env, input: '{"cniVersion":"1.0.0"}' });
      return [supportedVersions(stdout)];
    } catch (error) {
      node.logger.error('a plugin of the chain does not answer; pods will fail in it', {
        plugin: type,
        error: toHostError(error),
      });
      return [];
    }
  });
  return (await Promise.all(asked)).flat();
}

/** Writes the conflist anew where there is one: it appears when the node is ready, and not before. */
export async function renewConflist(node: Node): Promise<void> {
  if (node.files.fact(CONFLIST_PATH).kind !== 'absent') await publishConflist(node);
}

/**
 * Writes the conflist if it differs. It offers only versions that every plugin of the chain speaks: a runtime takes the
 * highest offered, and an older stock plugin would then refuse every pod. Throws `FILE_FAILED` or `CONFLIST_INVALID`.
 */
export async function publishConflist(node: Node): Promise<void> {
  const text = renderConflist(node.settings, {
    chain: await chainVersions(node),
    egressAddress: node.egress?.nodeAddress,
  });
  if (node.files.read(CONFLIST_PATH) === text) return;
  node.files.ensureDirectory(PATHS.conflistDirectory, 0o755);
  node.files.replace({ path: CONFLIST_PATH, text, mode: 0o644, over: 'link' });
}
