import type { Garble } from './dial.ts';

/** The answer as a broken service or a proxy on the way would give it. */
export function garbled(xml: string, how: Garble): string {
  switch (how) {
    case 'xml':
      return xml.slice(0, Math.ceil(xml.length / 2));
    case 'empty':
      return '';
    case 'types':
      return xml.replaceAll(/>(?:-?\d+|true|false|\d+(?:\.\d+){3}(?:\/\d+)?)</g, '>nonsense<');
    default:
      return how satisfies never;
  }
}
