import { createFiles } from '../../sys/index.ts';
import type { NodePaths } from '../node/index.ts';
import type { Attachment } from './call.ts';
import { asObject, type Conflist, parseConflist, parseJson } from './parse-conflist.ts';

/** What a runtime remembers of an attachment until it is deleted. */
export interface CachedAttachment {
  readonly attachment: Attachment;
  readonly list: Conflist;
  /** Result of the chain; `undefined` while ADD has not ended. */
  readonly result: unknown;
}

const fileName = (list: Conflist, attachment: Attachment): string =>
  `/${list.name}-${attachment.containerId}-${attachment.ifName}`;

/** Keeps an attachment, in the place and with the keys libcni uses. */
export function rememberAttachment(paths: NodePaths, cached: CachedAttachment): void {
  const { attachment, list, result } = cached;
  createFiles(paths.results).replace({
    path: fileName(list, attachment),
    mode: 0o600,
    text: JSON.stringify({
      kind: 'cniCacheV1',
      containerId: attachment.containerId,
      config: Buffer.from(JSON.stringify(list)).toString('base64'),
      ifName: attachment.ifName,
      networkName: list.name,
      netns: attachment.netns,
      cniArgs: [
        ['K8S_POD_NAMESPACE', attachment.namespace],
        ['K8S_POD_NAME', attachment.pod],
      ],
      result,
    }),
  });
}

/** Forgets an attachment. */
export function forgetAttachment(paths: NodePaths, cached: CachedAttachment): void {
  createFiles(paths.results).remove(fileName(cached.list, cached.attachment));
}

/** Every attachment of the node; files that are none of ours are passed over. */
export function listAttachments(paths: NodePaths): readonly CachedAttachment[] {
  const files = createFiles(paths.results);
  return files.list('/').flatMap((name) => {
    const cached = parseCached(files.read(`/${name}`) ?? '');
    return cached === undefined ? [] : [cached];
  });
}

function parseCached(text: string): CachedAttachment | undefined {
  const file = asObject(parseJson(text)) ?? {};
  const { containerId, config, ifName, netns, cniArgs, result } = file;
  if (typeof containerId !== 'string' || typeof config !== 'string' || typeof ifName !== 'string') return undefined;
  if (typeof netns !== 'string' || !Array.isArray(cniArgs)) return undefined;
  const list = parseConflist(Buffer.from(config, 'base64').toString());
  const argument = (key: string): string => {
    const pair: unknown = cniArgs.find((entry: unknown) => Array.isArray(entry) && entry[0] === key);
    return Array.isArray(pair) ? String(pair[1]) : '';
  };
  if (typeof list === 'string') return undefined;
  return {
    attachment: {
      namespace: argument('K8S_POD_NAMESPACE'),
      pod: argument('K8S_POD_NAME'),
      containerId,
      netns,
      ifName,
    },
    list,
    result,
  };
}
