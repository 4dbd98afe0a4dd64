declare const VPC_CNI_VERSION: string | undefined;
declare const VPC_CNI_BUILD: string | undefined;

/** Version of the product, set by the build; `dev` when run from source. */
export const VERSION: string = typeof VPC_CNI_VERSION === 'string' ? VPC_CNI_VERSION : 'dev';

/** What was built: the commit, marked when the tree had changes. */
export const BUILD: string = typeof VPC_CNI_BUILD === 'string' ? VPC_CNI_BUILD : 'source';
