/** What stands at the path of a wanted entry. Text and checksum are there when the wanted entry needs them. */
export type ObservedEntry =
  | { readonly kind: 'absent' }
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'file'; readonly mode: number; readonly text?: string; readonly sha256: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' };

/** How far the daemon is. */
export type DaemonState = 'absent' | 'starting' | 'ready';

/** What a boot has left so far. */
export interface ObservedBoot {
  /** Values by sysctl name; `undefined` where the kernel has no such key. */
  readonly sysctls: Readonly<Record<string, string | undefined>>;
  readonly conflist: 'absent' | 'present';
  /** The boot during which we last ran here. */
  readonly recordedBootId: string | undefined;
  readonly bootId: string;
}
