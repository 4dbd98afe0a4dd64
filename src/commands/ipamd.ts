import { Command } from 'commander';
import { formatFinding, loadSettings, type ResolvedSettings } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { beatEveryMs, runIpamd } from '../ipamd/index.ts';
import { LevelSwitch, openLogger } from '../log/index.ts';
import { readSettingFiles, stderrIsJournal, systemClock } from '../sys/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { collect, settingFlags } from './options.ts';
import { EXIT } from './report.ts';

const EXAMPLES = `
Examples:
  vpc-cni ipamd                           what vpc-cni-ipamd.service runs; serves until SIGTERM
  WARM_IP_TARGET=5 vpc-cni ipamd          with a setting of its own (see "vpc-cni config show")
  vpc-cni ipamd --set WARM_IP_TARGET=5    the same, above every other source
`;

const PROGRAM = 'vpc-cni-ipamd';

/**
 * Code is compiled when it has run this many times as often as usual. What a daemon does now and then is not worth the
 * memory of its compiled form, nor the time to make it; decisions over many addresses still are.
 */
export const JIT_SCALE = 20;

/** The settings; `undefined` when they are wrong and the journal has been told so, with a field for each part. */
function settingsOf({ env }: CommandContext, set: readonly string[]): ResolvedSettings | undefined {
  try {
    return loadSettings({ ...readSettingFiles(), env, flags: settingFlags(set) });
  } catch (error) {
    const journalStream = env['JOURNAL_STREAM'];
    if (!stderrIsJournal(journalStream)) throw error;
    openLogger({ level: 'error', program: PROGRAM, journalStream }).error('cannot start', {
      error: toHostError(error),
    });
    return undefined;
  }
}

/** Runs the daemon until SIGTERM or SIGINT; the first one lets what EC2 was asked for finish. */
export const run: RunCommand = async (context: CommandContext) => {
  let wanted: readonly string[] | undefined;
  const command = new Command('vpc-cni ipamd')
    .description('Runs the address daemon in the foreground: the warm pool, the CNI socket, metrics.')
    .option('--set <name=value>', 'a setting that counts before all others; may be repeated', collect)
    .addHelpText('after', EXAMPLES)
    .configureOutput({ writeOut: context.stdout, writeErr: () => undefined })
    .exitOverride()
    .action(({ set = [] }: { readonly set?: readonly string[] }) => {
      wanted = set;
    });
  try {
    await command.parseAsync([...context.argv], { from: 'user' });
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error && error.exitCode === 0) return EXIT.done;
    throw new HostError('USAGE', { reason: error instanceof Error ? error.message : String(error) }, error);
  }
  if (wanted === undefined) return EXIT.done;
  requireRoot('ipamd');
  Bun.unsafe.setJITPolicy(JIT_SCALE);
  const resolved = settingsOf(context, wanted);
  if (resolved === undefined) return EXIT.usage;
  const { settings, notes } = resolved;
  const level = new LevelSwitch(settings.AWS_VPC_K8S_CNI_LOGLEVEL);
  const logger = openLogger({
    level,
    program: PROGRAM,
    journalStream: context.env['JOURNAL_STREAM'],
  });
  for (const note of notes) logger.warn(formatFinding(note), { setting: note.key, origin: note.origin });
  process.on('SIGUSR1', () => logger.warn('log level changed by SIGUSR1', { least: level.toggle() }));
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      logger.info('stopping', { signal });
      stop.abort(new Error(`stopped by ${signal}`));
    });
  const { env } = context;
  const isShown = !settings.DISABLE_INTROSPECTION && !settings.DISABLE_DASHBOARD;
  const onlooker = isShown
    ? new (await import('../dashboard/index.ts')).Dashboard(systemClock, stop.signal)
    : undefined;
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: forPid } = env;
  await runIpamd({
    settings,
    logger,
    notifySocket: env['NOTIFY_SOCKET'],
    beatEveryMs: beatEveryMs({ usec, forPid, pid: process.pid }),
    signal: stop.signal,
    onlooker,
  });
  return EXIT.done;
};
