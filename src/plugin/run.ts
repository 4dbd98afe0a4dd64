import {
  type CniEnvironment,
  type CniRequest,
  type CniVersion,
  isCniCommand,
  NEWEST_VERSION,
  type PluginName,
  parseCniEnvironment,
  parseNetConfHead,
  readCniEnvironment,
  renderError,
  requireCommandIn,
  versionAnswer,
} from '../cniproto/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { PATIENCE_MS, send } from './endpoint.ts';
import { exchange } from './exchange.ts';
import type { Answer } from './parse-answer.ts';

/** What one call of a CNI plugin is given. */
export interface PluginCall {
  readonly plugin: PluginName;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: () => Promise<string>;
  readonly stdout: (text: string) => Promise<void>;
  readonly stderr: (text: string) => Promise<void>;
  /** Folder of the daemon's socket and spool. */
  readonly runtimeDir: string;
  /** How long the daemon may be away; unless told, 5 s, and 1 s in STATUS. */
  readonly patienceMs?: number;
}

interface Config {
  readonly value: unknown;
  readonly cniVersion: CniVersion;
}

async function report(call: PluginCall, config: unknown, level: 'warn' | 'error', text: string): Promise<void> {
  const { CNI_COMMAND: command = '', CNI_CONTAINERID: containerId = '' } = call.env;
  const line = { level, command, containerId, text, time: new Date().toISOString() };
  // What only a failure needs is loaded by a failure.
  const { writeLog } = await import('./plugin-log.ts');
  const said = writeLog(config, line);
  if (said !== undefined) await call.stderr(said);
}

// Below what the daemon's socket takes, and far above any chain with its cached result.
const MAX_CONFIG_CHARACTERS = 512 * 1024;

function parseConfig(text: string): Config {
  if (text.length > MAX_CONFIG_CHARACTERS)
    throw new HostError('CNI_CONFIG', {
      reason: `it has ${text.length} characters, at most ${MAX_CONFIG_CHARACTERS} are read`,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HostError('CNI_DECODE', { reason: error instanceof Error ? error.message : String(error) }, error);
  }
  return { value, cniVersion: parseNetConfHead(value).cniVersion };
}

/** The number of the CNI error in a refusal; `undefined` when the body is none. */
function errorNumber(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
    return typeof value.code === 'number' ? value.code : undefined;
  } catch {
    return undefined;
  }
}

const TRY_AGAIN = 11;
const isAway = (answer: Answer | undefined): boolean =>
  answer === undefined || (!answer.ok && errorNumber(answer.body) === TRY_AGAIN);

/**
 * A DEL must not fail because the daemon is away or still starting (a runtime would retry it for ever and keep the pod
 * terminating): it is kept on disk instead. The last attempt after that closes the gap in which the daemon came up and
 * read the folder before.
 */
async function keepForLater(call: PluginCall, request: CniRequest, socket: string): Promise<Answer> {
  const body = JSON.stringify(request);
  const { spool } = await import('./spool.ts');
  const kept = spool(`${call.runtimeDir}/spool`, body);
  const answer = await exchange(socket, body).catch(() => undefined);
  if (answer !== undefined && !isAway(answer)) {
    kept.withdraw();
    return answer;
  }
  await report(call, request.config, 'warn', `ipamd cannot be asked on ${socket}: the request is kept for it`);
  return { ok: true, body: '{}' };
}

async function deliver(call: PluginCall, environment: CniEnvironment, config: Config): Promise<Answer> {
  const { command } = environment;
  const socket = `${call.runtimeDir}/cni.sock`;
  const request: CniRequest = { ...environment, plugin: call.plugin, config: config.value };
  const patienceMs = call.patienceMs ?? PATIENCE_MS[command];
  // The daemon checks the environment, and we wait for it anyway; only where it does not is it up to us.
  const alone = (): void => void parseCniEnvironment(call.env);
  const sent = send(socket, JSON.stringify(request), { patienceMs, alone });
  if (command === 'DEL') {
    const answer = await sent.catch(() => undefined);
    if (answer === undefined || isAway(answer)) {
      alone();
      return keepForLater(call, request, socket);
    }
  }
  const answer = await sent;
  if (!answer.ok && errorNumber(answer.body) === undefined)
    throw new HostError('INTERNAL', { reason: `ipamd answered "${answer.body.slice(0, 200)}"` });
  return answer;
}

// A person who asks by hand gives no stdin, and does not end it either.
const VERSION_STDIN_MS = 100;

/** The version a VERSION call is asked in (CNI specification 1.0, "VERSION"); earlier runtimes did not say. */
async function versionAsked(call: PluginCall): Promise<unknown> {
  const text = await Promise.race([call.stdin(), Bun.sleep(VERSION_STDIN_MS)]);
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && 'cniVersion' in value ? value.cniVersion : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with the environment; it comes before whatever else is. */
function complaintOf(env: PluginCall['env']): HostError | undefined {
  try {
    parseCniEnvironment(env);
    return undefined;
  } catch (error) {
    return toHostError(error);
  }
}

/** Serves one CNI call: prints the result or the error object on stdout and returns the exit code. */
export async function runPlugin(call: PluginCall): Promise<number> {
  const name = call.env['CNI_COMMAND'];
  if (name === undefined || name === '') {
    await call.stderr(`${call.plugin} is a CNI plugin; a container runtime calls it with CNI_COMMAND set\n`);
    return 0;
  }
  if (name === 'VERSION') {
    await call.stdout(`${JSON.stringify(versionAnswer(await versionAsked(call)))}\n`);
    return 0;
  }
  let cniVersion: CniVersion = NEWEST_VERSION;
  let conf: unknown;
  try {
    const environment = readCniEnvironment(call.env);
    const config = parseConfig(await call.stdin());
    ({ cniVersion, value: conf } = config);
    requireCommandIn(environment.command, cniVersion);
    const answer = await deliver(call, environment, config);
    if (!answer.ok) await report(call, conf, 'error', answer.body);
    if (!answer.ok || environment.command === 'ADD') await call.stdout(answer.body);
    return answer.ok ? 0 : 1;
  } catch (error) {
    const failure = complaintOf(call.env) ?? toHostError(error);
    await report(call, conf, 'error', `${failure.code}: ${failure.message}`);
    await call.stdout(JSON.stringify(renderError(failure, cniVersion, isCniCommand(name) ? name : undefined)));
    return 1;
  }
}
