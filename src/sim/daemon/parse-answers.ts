import { type Details, HostError, isErrorCode } from '../../errors/index.ts';
import type { Dial } from '../dials/index.ts';
import type { SimCall } from '../model/index.ts';
import type { ClockView, NodeView, SimStatus, SubnetView } from './views.ts';

/** The answers of our own daemon, found by a record that only its owner could have written: their shape is taken as given. */
export const parseStatus = (text: string): SimStatus => JSON.parse(text) as SimStatus;
/** A node. */
export const parseNode = (text: string): NodeView => JSON.parse(text) as NodeView;
/** Nodes. */
export const parseNodes = (text: string): readonly NodeView[] => JSON.parse(text) as readonly NodeView[];
/** A subnet. */
export const parseSubnet = (text: string): SubnetView => JSON.parse(text) as SubnetView;
/** Calls, oldest first. */
export const parseCalls = (text: string): readonly SimCall[] => JSON.parse(text) as readonly SimCall[];
/** The clock. */
export const parseClock = (text: string): ClockView => JSON.parse(text) as ClockView;
/** Dials. */
export const parseDials = (text: string): readonly Dial[] => JSON.parse(text) as readonly Dial[];

/** A failure the daemon has sent; `undefined` when the text is none that we know. */
export function parseFailure(text: string): HostError | undefined {
  return failureOf(objectOf(text));
}

/** The failure in `{"ok":false,"error":…}`, the document a command ends with. */
export function parseEnd(text: string): HostError | undefined {
  const { error } = objectOf(text);
  return failureOf(isObject(error) ? error : {});
}

function failureOf({ code, details }: Readonly<Record<string, unknown>>): HostError | undefined {
  return typeof code === 'string' && isErrorCode(code)
    ? new HostError(code, (isObject(details) ? details : {}) as Details)
    : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
