import { XMLParser } from 'fast-xml-parser';

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, ignoreDeclaration: true });

/** The paths of all elements below the root of an answer. List items are transparent: `tagSet.key`. */
export function elementPaths(xml: string): ReadonlySet<string> {
  const paths = new Set<string>();
  const root: unknown = Object.values(parser.parse(xml) as object)[0];
  collect(root, '', paths);
  return paths;
}

function collect(value: unknown, path: string, paths: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, path, paths);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, child] of Object.entries(value)) {
      const below = name === 'item' ? path : path === '' ? name : `${path}.${name}`;
      if (name !== 'item') paths.add(below);
      collect(child, below, paths);
    }
  }
}

/** `+` and the paths that only `ours` has, `-` and those only `theirs` has; of nested ones the topmost. */
export function pathDifferences(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): readonly string[] {
  return [
    ...topmost(ours, theirs).map((path) => `+${path}`),
    ...topmost(theirs, ours).map((path) => `-${path}`),
  ].sort();
}

function topmost(some: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  const only = [...some].filter((path) => !others.has(path));
  return only.filter((path) => !only.some((other) => path.startsWith(`${other}.`)));
}

/** The code and message an answer refuses with; `OK` when it does not. */
export function faultOf(xml: string): { readonly code: string; readonly message: string } {
  const { Response } = parser.parse(xml) as {
    Response?: { Errors: { Error: { Code: string; Message: string } } };
  };
  return Response === undefined
    ? { code: 'OK', message: '' }
    : { code: Response.Errors.Error.Code, message: Response.Errors.Error.Message };
}
