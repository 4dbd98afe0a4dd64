/**
 * The process behind a simulated VPC: it serves the model's faces, keeps the fabric in step and takes orders on a unix
 * socket. Starting and ending it looks at the machine, never at memory, so both work after a crash.
 */
export { createClient, type SimClient } from './client.ts';
export { startVpc, stopVpc } from './lifecycle.ts';
export type { EniView, NodeRequest, NodeView, SimStatus } from './parse-answers.ts';
export { needDaemon } from './record.ts';
export { type ServeOptions, serveVpc } from './serve.ts';
