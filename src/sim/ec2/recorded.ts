import type { SimCall } from '../model/index.ts';

// A call must stay small, because thousands are kept: user data alone may have 16 KiB.
const MOST = {
  parameters: 100,
  valueLength: 200,
  textLength: 4096,
  ids: 10,
  resultLength: 300,
  scanned: 16_384,
} as const;

/** In place of user data, which may hold secrets: any user of this machine may look at calls. CloudTrail says the same. */
const REMOVED = '<sensitiveDataRemoved>';

/** The parameters of a request as they are kept, without the action. What is too much is cut off and says so by `…`. */
export function recordedParameters(pairs: readonly (readonly [string, string])[]): SimCall['parameters'] {
  const kept: [string, string][] = [];
  let length = 0;
  for (const [name, value] of pairs) {
    if (name === 'Action') continue;
    if (kept.length >= MOST.parameters || length > MOST.textLength) {
      kept.push(['…', `${pairs.length - kept.length} more`]);
      break;
    }
    kept.push([cut(name, MOST.valueLength), name === 'UserData' ? REMOVED : cut(value, MOST.valueLength)]);
    length += name.length + value.length;
  }
  return Object.fromEntries(kept);
}

/** `OK` and the ids EC2 answered with, in order, each once. */
export function resultOf(xml: string): string {
  const ids = new Set(xml.slice(0, MOST.scanned).match(/(?<=>)[a-z]+(?:-[a-z]+){0,2}-[0-9a-f]{8,17}(?=<)/g) ?? []);
  const shown = [...ids].slice(0, MOST.ids);
  const more = ids.size > MOST.ids || xml.length > MOST.scanned ? ['…'] : [];
  return ['OK', ...shown, ...more].join(' ');
}

/** The error with its sentence. */
export function resultOfFault(fault: { readonly code: string; readonly message: string }): string {
  return cut(`${fault.code}: ${fault.message}`, MOST.resultLength);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
