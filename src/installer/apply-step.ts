import { HostError } from '../errors/index.ts';
import { PATHS, type Step, sysctlPath } from '../hostspec/index.ts';
import { awaitConflist, awaitReady, reloadDaemonUnit, restartDaemon, startDaemon } from './daemon.ts';
import type { Host } from './host.ts';

/** How a step is taken back. What cannot be taken back is named instead. */
export type Undo =
  | { readonly kind: 'undo'; readonly run: () => void }
  | { readonly kind: 'remains'; readonly what: string }
  | { readonly kind: 'nothing' };

/** What a step may need beside the host. */
export interface StepContext {
  readonly host: Host;
  readonly renderManifest: () => string;
  /** Where the foreign object of a path was saved in this run. */
  readonly saved: ReadonlyMap<string, string>;
  readonly onReason: (reason: string) => void;
}

const nothing: Undo = { kind: 'nothing' };
const undo = (run: () => void): Undo => ({ kind: 'undo', run });

/** Copies a saved or to-be-saved object, whatever it is, keeping its mode. */
export function copyObject(host: Host, from: string, to: string): void {
  const fact = host.files.fact(from);
  if (fact.kind === 'link') host.files.link({ path: to, target: fact.target, over: 'file' });
  if (fact.kind === 'file') {
    host.files.copy({ path: to, from: host.files.hostPath(from), mode: fact.mode, over: 'link' });
  }
}

function copyProgram(host: Host, step: Extract<Step, { readonly kind: 'copy-program' }>): Undo {
  host.files.copy({ path: step.path, from: step.from, mode: step.mode });
  const copied = host.files.sha256(step.path);
  if (copied !== step.sha256) {
    host.files.remove(step.path);
    const reason = `the copy has sha256 ${copied}, the source had ${step.sha256}: it changed while it was copied`;
    throw new HostError('FILE_FAILED', { action: 'copy a file to', path: step.path, reason });
  }
  return step.before === 'absent'
    ? undo(() => host.files.remove(step.path))
    : { kind: 'remains', what: `the new ${step.path}` };
}

function makeLink({ host, saved }: StepContext, step: Extract<Step, { readonly kind: 'make-link' }>): Undo {
  const { path, target, before, over } = step;
  host.files.link({ path, target, ...(over === 'file' ? { over } : {}) });
  const backup = saved.get(path);
  if (backup !== undefined) return undo(() => copyObject(host, backup, path));
  return undo(() => (before === undefined ? host.files.remove(path) : host.files.link({ path, target: before })));
}

function saveForeign(host: Host, step: Extract<Step, { readonly kind: 'save-foreign' }>): Undo {
  const forget = (): void => {
    host.files.remove(step.to);
    host.files.remove(PATHS.saved);
  };
  try {
    host.files.ensureDirectory(PATHS.saved, 0o755);
    copyObject(host, step.path, step.to);
  } catch (error) {
    forget();
    throw error;
  }
  return undo(forget);
}

function writeText(host: Host, file: { readonly path: string; readonly text: string; readonly mode: number }): Undo {
  const text = host.files.read(file.path);
  const fact = host.files.fact(file.path);
  host.files.replace(file);
  if (text === undefined || fact.kind !== 'file') return undo(() => host.files.remove(file.path));
  return undo(() => host.files.replace({ path: file.path, text, mode: fact.mode }));
}

/** Carries out one step; it decides nothing. Returns how to take it back. */
export async function applyStep(context: StepContext, step: Step): Promise<Undo> {
  const { host } = context;
  switch (step.kind) {
    case 'make-directory':
      host.files.ensureDirectory(step.path, step.mode);
      return undo(() => host.files.remove(step.path));
    case 'write-file':
      return writeText(host, step);
    case 'copy-program':
      return copyProgram(host, step);
    case 'make-link':
      return makeLink(context, step);
    case 'save-foreign':
      return saveForeign(host, step);
    case 'write-manifest':
      return writeText(host, { path: step.path, text: context.renderManifest(), mode: 0o644 });
    case 'withdraw-conflist':
      host.files.remove(step.path);
      return nothing;
    case 'record-boot':
      host.files.ensureDirectory(PATHS.run, 0o700);
      host.files.replace({ path: step.path, text: `${step.bootId}\n`, mode: 0o600 });
      return nothing;
    case 'set-sysctl': {
      host.files.writeInPlace({ path: sysctlPath(step.key), text: step.value });
      const { before, key } = step;
      return before === undefined
        ? nothing
        : undo(() => host.files.writeInPlace({ path: sysctlPath(key), text: before }));
    }
    case 'reload-units':
      await reloadDaemonUnit(host);
      return nothing;
    case 'start-daemon':
      await startDaemon(host, step.keeper, context.onReason);
      return nothing;
    case 'restart-daemon':
      await restartDaemon(host, step.keeper, context.onReason);
      return nothing;
    case 'await-ready':
      await awaitReady(host, { after: step.after, onReason: context.onReason });
      return nothing;
    case 'await-conflist':
      await awaitConflist(host);
      return nothing;
    default:
      return step satisfies never;
  }
}
