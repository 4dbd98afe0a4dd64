import { groups } from './groups.ts';
import { instances } from './instances.ts';
import { interfaces } from './interfaces.ts';
import { networks } from './networks.ts';
import type { Story } from './story.ts';
import { trunks } from './trunks.ts';

/** Every action of the API in stories that two clients tell alike. */
export const STORIES: readonly Story[] = [interfaces, instances, networks, groups, trunks];
