import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { items } from '../xml.ts';

export const createTags: Action = (parameters, { vpc }) => {
  const resourceIds = parameters.list('ResourceId');
  const pairs = parameters.structures('Tag').map((tag) => [tag.required('Key'), tag.text('Value') ?? ''] as const);
  if (resourceIds.length === 0 || pairs.length === 0)
    throw new SimFault('MissingParameter', 'The request must contain the parameters ResourceId and Tag');
  const tags = Object.fromEntries(pairs);
  return () => {
    vpc.createTags({ resourceIds, tags });
    return { return: true };
  };
};

export const describeTags: Action = (parameters, { vpc }) => {
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids: [] });
  return () => {
    const all = vpc.allTags().map((tag) => ({ ...tag, tags: { [tag.key]: tag.value } }));
    const matching = applyFilters(all, filters, {
      key: (tag) => [tag.key],
      'resource-id': (tag) => [tag.resourceId],
      'resource-type': (tag) => [tag.resourceType],
      value: (tag) => [tag.value],
    });
    const { items: found, nextToken } = takePage(matching, page);
    const shown = found.map(({ resourceId, resourceType, key, value }) => ({ resourceId, resourceType, key, value }));
    return { tagSet: items(shown), nextToken };
  };
};
