import { XMLBuilder } from 'fast-xml-parser';
import type { SimFault } from '../model/index.ts';

/** A value of an answer; `undefined` leaves the element out. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml };

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: true });

/** EC2's shape of a list: one `item` each. */
export function items(values: readonly Xml[]): Xml {
  return { item: values };
}

/** EC2's shape of a time. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** The document that answers an action. */
export function renderAnswer(action: string, requestId: string, body: Xml): string {
  const fields = typeof body === 'object' && !Array.isArray(body) ? body : {};
  return render({ [`${action}Response`]: { '@_xmlns': NAMESPACE, requestId, ...fields } });
}

/** The document that refuses an action. */
export function renderFault(fault: SimFault, requestId: string): string {
  const error = { Code: fault.code, Message: fault.message };
  return render({ Response: { Errors: { Error: error }, RequestID: requestId } });
}

function render(root: Xml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(prune(root))}`;
}

/** Without the absent values, which the builder would write as empty elements. */
function prune(value: Xml): Xml {
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(prune);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .map(([name, child]) => [name, prune(child)]),
  );
}
