/**
 * The process behind a simulated VPC: it serves the model's faces, keeps the fabric in step and takes orders on a loopback
 * port. Starting and ending it looks at the machine, never at memory, so both work after a crash.
 */
export type { CallFilter } from './call-filter.ts';
export { createClient, type SimClient } from './client.ts';
export { type StartedVpc, startVpc, stopVpc } from './lifecycle.ts';
export type { Plan } from './parse-record.ts';
export { needDaemon } from './record.ts';
export { type ServeOptions, serveVpc } from './serve.ts';
export { type Owner, vpcNamesOf } from './state-root.ts';
export type { ClockView, EniView, NodeView, SimMode, SimStatus, SubnetView } from './views.ts';
