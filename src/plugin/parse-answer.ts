/** What the daemon answered. */
export interface Answer {
  readonly ok: boolean;
  readonly body: string;
}

const [CR, LF] = [13, 10];
/** Between the head of an answer and its body. */
const GAP_BYTES = 4;

/** Where the head ends, as far as it has come. */
function headEnd(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1))
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
  return undefined;
}

/**
 * Reads an HTTP/1.1 answer from the bytes received so far; `undefined` while it is not complete. Throws when it is none, or
 * does not say how long it is: our daemon always does.
 */
export function parseAnswer(bytes: Uint8Array): Answer | undefined {
  const end = headEnd(bytes);
  if (end === undefined) return undefined;
  const decoder = new TextDecoder();
  const head = decoder.decode(bytes.subarray(0, end));
  const status = /^HTTP\/1\.1 (\d{3})\b/.exec(head)?.[1];
  const length = /^content-length: *(\d+)\r?$/im.exec(head)?.[1];
  if (status === undefined || length === undefined) throw new Error('it does not answer as ipamd does');
  const from = end + GAP_BYTES;
  if (bytes.length < from + Number(length)) return undefined;
  return { ok: status.startsWith('2'), body: decoder.decode(bytes.subarray(from, from + Number(length))) };
}
