/**
 * The process behind a simulated VPC: it serves the model's faces, keeps the fabric in step and takes orders on a loopback
 * port. Starting and ending it looks at the machine, never at memory, so both work after a crash.
 */
export type { CallFilter } from './call-filter.ts';
export { createClient, type SimClient } from './client.ts';
export { startVpc, stopVpc } from './lifecycle.ts';
export { needDaemon } from './record.ts';
export { serveVpc } from './serve.ts';
export { vpcNamesOf } from './state-root.ts';
export type { ClockView, EniView, NodeView, SimStatus } from './views.ts';
