/** Whom a file belongs to, by number. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Everything we install belongs to root. */
export const ROOT: Owner = { uid: 0, gid: 0 };

/** What stands at the path of a wanted entry. Text and checksum are there when the wanted entry needs them. */
export type ObservedEntry =
  | { readonly kind: 'absent' }
  | { readonly kind: 'directory'; readonly mode: number; readonly owner: Owner }
  | {
      readonly kind: 'file';
      readonly mode: number;
      readonly owner: Owner;
      readonly text?: string;
      readonly sha256: string;
    }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' };

/** How far the daemon is. */
export type DaemonState = 'absent' | 'starting' | 'ready';

/** The two packet filters a kernel has behind the one name `iptables`. */
export type FilterBackend = 'nft' | 'legacy';

/** What a FORWARD chain does with a packet that no rule of it decides over. Only chains that exist are observed. */
export interface ForwardPolicy {
  readonly family: 'ipv4' | 'ipv6';
  readonly backend: FilterBackend;
  readonly policy: 'ACCEPT' | 'DROP';
}

/** Whether this kernel has a module: at work, to be loaded, or not at all. `unknown`: nothing tells. */
export type ModuleState = 'present' | 'loadable' | 'absent' | 'unknown';

/** What a boot has left so far. */
export interface ObservedBoot {
  /** Values by sysctl name; `undefined` where the kernel has no such key. */
  readonly sysctls: Readonly<Record<string, string | undefined>>;
  readonly conflist: 'absent' | 'present';
  /** The boot during which we last ran here. */
  readonly recordedBootId: string | undefined;
  readonly bootId: string;
  /** Names in the CNI result cache that are older than this boot. */
  readonly staleResults: readonly string[];
  readonly policies: readonly ForwardPolicy[];
  /** Of the wanted folders of /run, those that are there. */
  readonly directories: readonly string[];
  /** By name of the module. */
  readonly modules: Readonly<Record<string, ModuleState>>;
}
