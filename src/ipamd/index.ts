/** The daemon: keeps a warm pool of addresses, wires pods, answers the plugin, and says how it is. */
export { type RunOptions, runIpamd } from './run.ts';
export { beatEveryMs } from './watchdog.ts';
