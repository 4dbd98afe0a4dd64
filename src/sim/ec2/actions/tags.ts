import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { missing } from '../parameters.ts';
import { items } from '../xml.ts';
import { readTags } from './requests.ts';

/** Puts tags on resources, all or none. */
export const createTags: Action = (parameters, { vpc }) => {
  const resourceIds = parameters.list('ResourceId');
  const tags = readTags(parameters);
  if (resourceIds.length === 0) throw missing('ResourceId');
  if (Object.keys(tags).length === 0) throw missing('Tag');
  return () => {
    vpc.createTags({ resourceIds, tags });
    return { return: true };
  };
};

/** Takes tags off resources: those named, or all. */
export const deleteTags: Action = (parameters, { vpc }) => {
  const resourceIds = parameters.list('ResourceId');
  // Without a value the tag goes whatever it says; without any tag all of them go (API reference, DeleteTags).
  const tags = parameters.structures('Tag').map((tag) => {
    const [key, value] = [tag.required('Key'), tag.text('Value')];
    return value === undefined ? { key } : { key, value };
  });
  if (resourceIds.length === 0) throw missing('ResourceId');
  return () => {
    vpc.deleteTags({ resourceIds, tags: tags.length > 0 ? tags : undefined });
    return { return: true };
  };
};

/** Lists every tag of every resource. */
export const describeTags: Action = (parameters, { vpc }) => {
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids: [], filters });
  return () => {
    const all = vpc.allTags().map((tag) => ({ ...tag, tags: { [tag.key]: tag.value } }));
    const matching = applyFilters(all, filters, {
      key: (tag) => [tag.key],
      'resource-id': (tag) => [tag.resourceId],
      'resource-type': (tag) => [tag.resourceType],
      value: (tag) => [tag.value],
    });
    const { items: found, nextToken } = takePage(matching, page, (tag) => `${tag.resourceId} ${tag.key}`);
    const shown = found.map(({ resourceId, resourceType, key, value }) => ({ resourceId, resourceType, key, value }));
    return { tagSet: items(shown), nextToken };
  };
};
