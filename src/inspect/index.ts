/**
 * What an operator asks about this host: facts read from the daemon, from files and from systemd, put together and
 * printed. Reads only, and works where nothing is installed.
 */
export { type HostStatus, observeStatus } from './observe-status.ts';
export { renderStatus } from './render-status.ts';
