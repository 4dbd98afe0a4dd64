/** EC2's Query API over the model: form parameters in, XML out, with EC2's shapes, filters, pages and error codes. */
export { EC2_ACTIONS } from './actions/index.ts';
export { type AccessSecret, authenticate, type Credentials } from './authorization.ts';
export type { InstanceHooks } from './context.ts';
export { createEc2Handler, type Ec2HandlerOptions } from './handler.ts';
