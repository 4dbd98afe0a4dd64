import { OUTLOOK_PATH, type OutlookDocument } from '../cniproto/index.ts';
import { number, objectOf, orNull, parseAnswer, text } from './parse-answer.ts';

const ACTION = objectOf({
  kind: { enum: ['assign', 'create-eni', 'unassign', 'delete-eni'] },
  eni: orNull(text),
  unit: orNull({ enum: ['address', 'prefix', 'ipv6-prefix'] }),
  count: orNull(number),
});
const ACTIONS = { type: 'array', items: ACTION };

const SCHEMA = objectOf({
  now: ACTIONS,
  held: orNull(objectOf({ lane: { enum: ['growth', 'shrink'] }, forMs: number, code: orNull(text) })),
  next: objectOf({
    address: orNull(text),
    eni: orNull(text),
    refusal: orNull(objectOf({ code: text, message: text, remedy: text })),
    actions: ACTIONS,
  }),
});

/** The document in the daemon's answer. Throws `DAEMON_ANSWER` naming what is wrong with it. */
export function parseOutlook(answer: unknown): OutlookDocument {
  return parseAnswer<OutlookDocument>(answer, { schema: SCHEMA, path: OUTLOOK_PATH, name: 'outlook' });
}
