import { PATHS } from '../hostspec/index.ts';
import { later } from './later.ts';
import type { Edges } from './parts.ts';
import { replaySpool } from './spool.ts';

const SLOWLY_MS = 5_000;

/**
 * The safety net: replays DELs that plugins kept while nobody served, now and every few seconds, for one may be kept while we
 * are coming up. `looked` is called after each look but the first.
 */
export function keepReplaying(
  edges: Pick<Edges, 'files' | 'logger' | 'clock' | 'signal'>,
  work: { readonly replay: (request: unknown) => void; readonly looked: () => void },
): void {
  const { files, logger } = edges;
  const look = (): void => {
    replaySpool({ files, directory: `${PATHS.run}/spool`, logger, replay: work.replay });
    later(edges, SLOWLY_MS, () => {
      look();
      work.looked();
    });
  };
  look();
}
