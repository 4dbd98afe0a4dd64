import type { HostStatus } from '../../src/inspect/index.ts';
import type { SimStatus } from '../../src/sim/index.ts';
import { DemoFailure } from './failure.ts';

/** What `install --json` and `uninstall --json` answer, as far as the demo looks at it. */
export interface ChangeReport {
  readonly changed: boolean;
  readonly changes: readonly { readonly kind: string; readonly target: string }[];
  readonly ms: number;
}

/** What `sim pod add --json` and `sim pod del --json` answer. */
export interface PodReport {
  readonly ok: boolean;
  readonly pods: readonly PodOutcome[];
}

/** One pod of such an answer. */
export interface PodOutcome {
  readonly pod: string;
  readonly ok: boolean;
  readonly ms?: number;
  readonly address?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DemoFailure(`a command should have answered with JSON and said: ${text.slice(0, 300)}`);
  }
}

// The executable was built from this very tree a moment ago: the shape of its answers is taken as given.
export const parseChanges = (text: string): ChangeReport => parse(text) as ChangeReport;
export const parsePods = (text: string): PodReport => parse(text) as PodReport;
export const parseStatus = (text: string): HostStatus => parse(text) as HostStatus;
export const parseSim = (text: string): SimStatus => parse(text) as SimStatus;

/** The failure in the answer of a command, or what it said on stderr. */
export function parseComplaint(stdout: string, stderr: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error?: { code: string; message: string; remedy: string } };
    if (error !== undefined) return `${error.code}: ${error.message}\n→ ${error.remedy}`;
  } catch {
    // Not every command that fails answers with JSON; stderr has the rest.
  }
  return stderr.trim();
}
