import type { SimFault } from '../model/index.ts';

/** A value of an answer; `undefined` leaves the element out. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml };

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

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
  const content = element('requestId', requestId) + children(fields);
  return `${DECLARATION}<${action}Response xmlns="${NAMESPACE}">${content}</${action}Response>`;
}

/** The document that refuses an action. */
export function renderFault(fault: SimFault, requestId: string): string {
  const error = { Code: fault.code, Message: fault.message };
  return DECLARATION + element('Response', { Errors: { Error: error }, RequestID: requestId });
}

/** One element, or one for each value of a list; nothing for an absent value. Names are ours and need no escaping. */
function element(name: string, value: Xml): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((one: Xml) => element(name, one)).join('');
  const content = typeof value === 'object' ? children(value) : escaped(String(value));
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

function children(fields: object): string {
  let content = '';
  for (const [name, value] of Object.entries(fields)) content += element(name, value);
  return content;
}

/** XML 1.0, "Characters". */
const UNWRITABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/**
 * A carriage return would be read as a line feed unless it is escaped (XML 1.0, "End-of-Line Handling"). What XML has no
 * way to write shows as U+FFFD: names of machines come from a command line, and may be anything.
 */
function escaped(text: string): string {
  return text.replace(UNWRITABLE, '\uFFFD').replace(/[&<>"\r]/g, (sign) => ESCAPES[sign] ?? sign);
}
