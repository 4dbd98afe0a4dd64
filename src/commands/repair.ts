import { VERSION } from '../config/index.ts';
import { UNIT_NAME } from '../hostspec/index.ts';
import { type Finding, type Repair, repairOf } from '../inspect/index.ts';
import { checkInstalled, type Host, install, type Stage } from '../installer/index.ts';

const silent = { started: () => undefined, finished: () => undefined, waiting: () => undefined };

async function carryOut(repair: Repair, host: Host, executable: string): Promise<void> {
  const run = (stage: Stage) =>
    install({ host, stage, version: VERSION, executable, plugins: undefined, foreign: 'keep' }, silent);
  switch (repair) {
    case 'boot-stage':
      await run('boot');
      return;
    case 'enable-unit':
      await host.exec.run({ argv: ['systemctl', '--quiet', 'enable', UNIT_NAME] });
      return;
    case 'install': {
      // Of another version this would be an upgrade, which is nobody's repair.
      const installed = checkInstalled(host);
      if (installed.kind === 'checked' && installed.version === VERSION) await run('image');
      return;
    }
    default:
      repair satisfies never;
  }
}

/**
 * Puts right what only has to be as `install` and the boot stage made it; nothing of others is touched, and neither the
 * daemon nor a pod notices. Which findings went by it a second look tells.
 */
export async function repairAll(findings: readonly Finding[], host: Host, executable: string): Promise<void> {
  const repairs = new Set(findings.flatMap(({ code }) => repairOf(code) ?? []));
  for (const repair of repairs) await carryOut(repair, host, executable);
}

/** Those of the first look that can be repaired and that the second one has no more. */
export function repairedBy(before: readonly Finding[], after: readonly Finding[]): readonly Finding[] {
  const key = ({ code, evidence }: Finding): string => `${code} ${evidence}`;
  const left = new Set(after.map(key));
  return before.filter((each) => repairOf(each.code) !== undefined && !left.has(key(each)));
}
