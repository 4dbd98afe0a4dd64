/** What a command is given: nothing of the process is read anywhere else. */
export interface CommandContext {
  /** The words after the command's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the running executable; a supervised child is started from it. */
  readonly executable: string;
  /** Takes text, and bytes of a file that is wanted there. */
  readonly stdout: (text: string | Uint8Array) => void;
  readonly stderr: (text: string) => void;
  /** Whether the reader of stdout has gone: what goes on until it is interrupted then ends. */
  readonly isUnread?: () => boolean;
  /** Whether stdout is a terminal: colour and live progress are for people only. */
  readonly isTty: boolean;
  /** The terminal behind stdout as it is now; `undefined` where there is none. */
  readonly size?: () => { readonly columns: number; readonly rows: number } | undefined;
}

/** Runs a command and returns its exit code: 0 done, 1 failed, 2 bad usage or configuration, 3 changes or faults found. */
export type RunCommand = (context: CommandContext) => Promise<number>;
