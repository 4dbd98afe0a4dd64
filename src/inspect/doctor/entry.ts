/** How bad it is: a fault makes `doctor` exit with 3; a warning may become one; a note is only worth knowing. */
export type Severity = 'fault' | 'warning' | 'note';

/** A repair that `doctor --fix` may make by itself: it only puts back what `install` had made. */
export type Repair = 'boot-stage' | 'install' | 'enable-unit';

/** What there is to say about one kind of finding. */
export interface FindingEntry {
  readonly severity: Severity;
  /** What it means, for the page of all findings. */
  readonly means: string;
  readonly remedy: string;
  readonly repair?: Repair;
}
