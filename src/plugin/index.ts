/**
 * The CNI plugin: a thin client. It checks what any plugin must check, sends the call to the daemon and prints the answer;
 * the daemon does all the work. Every import here is paid for by every pod, so there are few.
 */
export { type PluginCall, runPlugin } from './run.ts';
