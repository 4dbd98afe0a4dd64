/** The instance metadata service (version 2) over the model: session tokens, the tree, identity, role credentials. */
export { createRoleCredentials, instanceIdOf, NODE_ROLE, type RoleCredentialSource } from './credentials.ts';
export { createImdsHandler, type ImdsHandlerOptions } from './handler.ts';
