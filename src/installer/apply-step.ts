import { HostError } from '../errors/index.ts';
import { besidePath, PATHS, type Step, sysctlPath } from '../hostspec/index.ts';
import { reloadProgram } from '../systemd/index.ts';
import { keepPayload, removeLink } from './apply-versions.ts';
import { awaitConflist, awaitReady } from './await-daemon.ts';
import { reloadDaemonUnit, restartDaemon, startDaemon } from './daemon.ts';
import { setForwardPolicy } from './forward-policy.ts';
import type { Host } from './host.ts';
import { loadModule } from './modules.ts';
import type { Undo } from './undo.ts';

/** What a step may need beside the host. */
export interface StepContext {
  readonly host: Host;
  readonly renderManifest: () => string;
  readonly onReason: (reason: string) => void;
  /** What a reader should know although the step counts as done. */
  readonly onNote: (note: string) => void;
}

const nothing: Undo = { kind: 'nothing' };
const undo = (run: () => void | Promise<void>, settle?: () => void): Extract<Undo, { readonly kind: 'undo' }> =>
  settle === undefined ? { kind: 'undo', run } : { kind: 'undo', run, settle };

/**
 * Puts something at a path. What stands there is kept beside, as it is, until the run is over: undo gives back the very
 * same file, also when nobody has its content any more.
 */
export function putInPlace(host: Host, path: string, put: () => void): Extract<Undo, { readonly kind: 'undo' }> {
  const { files } = host;
  const { kind } = files.fact(path);
  if (kind === 'absent') {
    put();
    return undo(() => files.remove(path));
  }
  const beside = besidePath(path);
  files.keep(path, beside);
  try {
    put();
  } catch (error) {
    files.remove(beside);
    throw error;
  }
  return undo(
    () => files.move(beside, path),
    () => files.remove(beside),
  );
}

async function copyProgram(host: Host, step: Extract<Step, { readonly kind: 'copy-program' }>): Promise<Undo> {
  const taken = putInPlace(host, step.path, () =>
    host.files.copy({ path: step.path, from: step.from, mode: step.mode }),
  );
  const copied = host.files.sha256(step.path);
  if (copied === step.sha256) return taken;
  await taken.run();
  const reason = `the copy has sha256 ${copied}, the source had ${step.sha256}: it changed while it was copied`;
  throw new HostError('FILE_FAILED', { action: 'copy a file to', path: step.path, reason });
}

function saveForeign(host: Host, step: Extract<Step, { readonly kind: 'save-foreign' }>): Undo {
  const { files } = host;
  const forget = (): void => {
    files.remove(step.to);
    files.remove(PATHS.saved);
  };
  try {
    files.ensureDirectory(PATHS.saved, 0o755);
    files.keep(step.path, step.to);
  } catch (error) {
    forget();
    throw error;
  }
  return { ...undo(forget), after: 'all-else' };
}

/** Carries out one step; it decides nothing. Returns how to take it back. */
export async function applyStep(context: StepContext, step: Step): Promise<Undo> {
  const { host, onReason } = context;
  const { files } = host;
  switch (step.kind) {
    case 'make-directory':
      files.ensureDirectory(step.path, step.mode);
      return undo(() => files.remove(step.path));
    case 'set-mode': {
      const { path, before } = step;
      files.setMode(step);
      return undo(() => files.setMode({ path, ...before }));
    }
    case 'write-file':
      return putInPlace(host, step.path, () => files.replace(step));
    case 'copy-program':
      return await copyProgram(host, step);
    case 'make-link': {
      const { path, target, over } = step;
      return putInPlace(host, path, () => files.link({ path, target, ...(over === 'file' ? { over } : {}) }));
    }
    case 'save-foreign':
      return saveForeign(host, step);
    case 'remove-leftover':
      files.remove(step.path);
      return nothing;
    case 'remove-file': {
      const { path, mode, before } = step;
      files.remove(path);
      return undo(() => files.replace({ path, text: before, mode }));
    }
    case 'write-manifest': {
      const text = context.renderManifest();
      return putInPlace(host, step.path, () => files.replace({ path: step.path, text, mode: 0o644 }));
    }
    case 'keep-payload':
      return keepPayload(host, step);
    case 'remove-payload':
      files.removeTree(step.path);
      return nothing;
    case 'remove-link':
      return removeLink(host, step);
    case 'withdraw-conflist':
      files.remove(step.path);
      return nothing;
    case 'clear-directory':
      for (const name of step.names) files.remove(`${step.path}/${name}`);
      return nothing;
    case 'record-boot':
      files.ensureDirectory(PATHS.run, 0o700);
      files.replace({ path: step.path, text: `${step.bootId}\n`, mode: 0o600 });
      return nothing;
    case 'set-sysctl': {
      const { before, value } = step;
      const path = sysctlPath(step.key);
      files.writeInPlace({ path, text: value });
      return before === undefined ? nothing : undo(() => files.writeInPlace({ path, text: before }));
    }
    case 'load-module':
      await loadModule(host, step, context.onNote);
      return nothing;
    case 'set-forward-policy': {
      const { family, backend, before, policy } = step;
      await setForwardPolicy(host.exec, { family, backend, policy });
      return undo(() => setForwardPolicy(host.exec, { family, backend, policy: before }));
    }
    case 'reload-units':
      await reloadDaemonUnit(host);
      return nothing;
    case 'reload-program':
      await reloadProgram(host.exec, step);
      return nothing;
    case 'start-daemon':
      await startDaemon(host, { ...step, onReason });
      return nothing;
    case 'restart-daemon':
      await restartDaemon(host, { ...step, onReason });
      return nothing;
    case 'await-ready':
      await awaitReady(host, { ...step, onReason });
      return nothing;
    case 'await-conflist':
      await awaitConflist(host);
      return nothing;
    default:
      return step satisfies never;
  }
}
