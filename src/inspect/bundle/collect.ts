import { HostError, toHostError } from '../../errors/index.ts';
import { type Clock, type Exec, errnoCode, type ReadFiles, readEnd } from '../../sys/index.ts';
import { entryName, sourceText } from './names.ts';
import { redactAs } from './redact.ts';
import type { Source, SourceGroup } from './sources.ts';

/** One text of the bundle. */
export interface Entry {
  readonly name: string;
  readonly from: string;
  readonly text: string;
  /** Its beginning (a file) or its end (a program) was left out. */
  readonly truncated: boolean;
  readonly ms: number;
}

/** Something that is not in the bundle, and why. */
export interface Missing {
  readonly name: string;
  readonly from: string;
  readonly reason: string;
}

/** What a collection may take of time and room. */
export interface Bounds {
  readonly entryBytes: number;
  readonly allBytes: number;
  readonly commandMs: number;
  readonly allMs: number;
  /** Files of one directory. */
  readonly files: number;
}

/** A hung daemon or a log of gigabytes must not keep a bundle from being made. */
export const BOUNDS: Bounds = {
  entryBytes: 4 << 20,
  allBytes: 64 << 20,
  commandMs: 10_000,
  allMs: 90_000,
  files: 300,
};

/** Where to look. */
export interface BundleHost {
  readonly files: ReadFiles;
  readonly exec: Exec;
  readonly clock: Clock;
  /** The daemon's socket. */
  readonly socket: string;
}

interface Found {
  readonly from: string;
  readonly text: string;
  readonly truncated: boolean;
}

type Outcome = Entry | Missing;

/** Bun's fetch obeys `http_proxy` unless told `false`; its types know only strings. */
const WITHOUT_PROXY: object = { proxy: false };
const HTTP_MS = 3_000;
/** So many programs run at once: the node has pods to serve. */
const LANES = 2;

const decoder = new TextDecoder();

function readFile(path: string, bounds: Bounds): Found {
  const end = readEnd(path, bounds.entryBytes);
  if (end === undefined) throw new HostError('FILE_NOT_REGULAR', { path, found: 'something else' });
  const text = decoder.decode(end.bytes);
  // A line that begins in the middle may hide a name from redaction, and says nothing.
  return { from: path, text: end.truncated ? text.slice(text.indexOf('\n') + 1) : text, truncated: end.truncated };
}

/** The beginning of an answer: a port may be anybody's while the daemon is down, and its answer endless. */
async function beginning(response: Response, mostBytes: number): Promise<{ text: string; truncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > mostBytes) break;
  }
  return { text: decoder.decode(Buffer.concat(chunks).subarray(0, mostBytes)), truncated: length > mostBytes };
}

async function request(url: string, more: object, mostBytes: number): Promise<{ text: string; truncated: boolean }> {
  let response: Response;
  let answer: { text: string; truncated: boolean };
  try {
    response = await fetch(url, { ...more, signal: AbortSignal.timeout(HTTP_MS) });
    answer = await beginning(response, mostBytes);
  } catch (error) {
    // Bun's own words speak of typing errors.
    const reason = errnoCode(error) ?? (error instanceof Error ? error.name : String(error));
    throw new HostError('DAEMON_DOWN', { socket: url, reason }, error);
  }
  if (!response.ok) throw new HostError('DAEMON_ANSWER', { path: url, reason: `HTTP ${response.status}` });
  return answer;
}

/** The sources of a directory are its files, as they are now. */
function openDirectory(
  host: BundleHost,
  source: Extract<Source, { kind: 'directory' }>,
  bounds: Bounds,
): readonly Source[] {
  const names = host.files
    .list(source.path)
    .filter((name) => source.names.test(name) && host.files.fact(`${source.path}/${name}`).kind === 'file');
  return names.slice(0, bounds.files).map((name) => ({ ...source, kind: 'file', path: `${source.path}/${name}` }));
}

async function find(host: BundleHost, source: Source, bounds: Bounds, signal: AbortSignal): Promise<Found> {
  const from = sourceText(source);
  switch (source.kind) {
    case 'file':
    case 'directory':
      return readFile(source.path, bounds);
    case 'command': {
      const { exitCode, stdout, stderr, truncated } = await host.exec.run({
        argv: source.argv,
        timeoutMs: bounds.commandMs,
        mostBytes: bounds.entryBytes,
        signal,
        accept: Array.from({ length: 256 }, (_, code) => code),
      });
      const failed = exitCode === 0 ? '' : `exit code ${exitCode}\n${stderr}`;
      if (stdout === '' && failed !== '') throw new HostError('EXEC_FAILED', { argv: from, outcome: failed.trim() });
      return { from, text: failed === '' ? stdout : `${stdout}\n[${failed.trim()}]\n`, truncated: truncated === true };
    }
    case 'http':
      return { from, ...(await request(from, WITHOUT_PROXY, bounds.entryBytes)) };
    case 'socket':
      return { from, ...(await request(`http://localhost${source.path}`, { unix: host.socket }, bounds.entryBytes)) };
    default:
      return source satisfies never;
  }
}

async function collectOne(
  host: BundleHost,
  item: { readonly folder: string; readonly source: Source },
  bounds: Bounds,
  signal: AbortSignal,
): Promise<Outcome> {
  const { folder, source } = item;
  const from = sourceText(source);
  const name = entryName(folder, source);
  const kind = 'text' in source && source.text !== undefined ? source.text : 'text';
  const start = host.clock.monotonic();
  try {
    signal.throwIfAborted();
    const { text, truncated } = await find(host, source, bounds, signal);
    return { name, from, text: redactAs(kind, text), truncated, ms: Math.round(host.clock.monotonic() - start) };
  } catch (error) {
    if (signal.aborted) return { name, from, reason: `not within ${bounds.allMs} ms of the whole` };
    return { name, from, reason: redactAs('text', toHostError(error).message) };
  }
}

function withinRoom(outcomes: readonly Outcome[], bounds: Bounds): readonly Outcome[] {
  let room = bounds.allBytes;
  return outcomes.map((outcome) => {
    if (!('text' in outcome)) return outcome;
    room -= outcome.text.length;
    const { name, from } = outcome;
    return room >= 0 ? outcome : { name, from, reason: `the bundle already holds ${bounds.allBytes} bytes` };
  });
}

/** Collects everything that can be had, a few things at a time, within the bounds; tells how many are done. Never throws. */
export async function collect(
  host: BundleHost,
  groups: readonly SourceGroup[],
  bounds: Bounds,
  told: (done: number, of: number) => void = () => undefined,
): Promise<{ readonly entries: readonly Entry[]; readonly missing: readonly Missing[] }> {
  const items = groups.flatMap(({ folder, sources }) =>
    sources.flatMap((source) => {
      if (source.kind !== 'directory') return [{ folder, source }];
      try {
        return openDirectory(host, source, bounds).map((file) => ({ folder, source: file }));
      } catch {
        // The look at the directory itself tells why it could not be listed.
        return [{ folder, source }];
      }
    }),
  );
  const signal = AbortSignal.timeout(bounds.allMs);
  const outcomes = new Array<Outcome | undefined>(items.length);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) outcomes[index] = await collectOne(host, item, bounds, signal);
      done += 1;
      told(done, items.length);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const all = withinRoom(
    outcomes.filter((outcome) => outcome !== undefined),
    bounds,
  );
  return {
    entries: all.filter((outcome): outcome is Entry => 'text' in outcome),
    missing: all.filter((outcome): outcome is Missing => !('text' in outcome)),
  };
}
