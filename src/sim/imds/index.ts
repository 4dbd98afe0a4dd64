/** The instance metadata service (version 2) over the model: session tokens, the tree, identity, role credentials. */
export {
  createRoleCredentials,
  instanceIdOf,
  NODE_ROLE,
  type RoleCredentialSource,
  type RoleCredentials,
} from './credentials.ts';
export { createImdsHandler, type ImdsHandler, type ImdsHandlerOptions } from './handler.ts';
