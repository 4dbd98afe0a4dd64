import type { Clock } from '../sys/index.ts';

/** More at once are turned away: each costs the daemon memory and time, and one page is enough for a person. */
export const MOST_VIEWERS = 32;
/** Messages that wait for one viewer; more are not kept, it gets the whole picture when it has caught up. */
const MOST_QUEUED = 8;
/** Who takes nothing for so long is gone, whatever its connection says. */
const GIVEN_UP_MS = 60_000;

interface Viewer {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  behindSinceMs: number | undefined;
}

const BYTES = new TextEncoder();

/** A message of an event stream. */
export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Who looks on by an event stream. A slow one misses messages and then gets the whole; nothing piles up for it. */
export class Viewers {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #whole: () => string;
  readonly #viewers = new Set<Viewer>();

  /** `whole` is what somebody needs who has seen nothing. */
  constructor(clock: Pick<Clock, 'monotonic'>, whole: () => string) {
    this.#clock = clock;
    this.#whole = whole;
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** A new viewer's stream; `undefined` when there are too many. */
  open(): ReadableStream<Uint8Array> | undefined {
    if (this.#viewers.size >= MOST_VIEWERS) return undefined;
    let viewer: Viewer | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          viewer = { controller, behindSinceMs: undefined };
          this.#viewers.add(viewer);
          controller.enqueue(BYTES.encode(this.#whole()));
        },
        pull: (controller) => {
          if (viewer?.behindSinceMs === undefined) return;
          viewer.behindSinceMs = undefined;
          controller.enqueue(BYTES.encode(this.#whole()));
        },
        cancel: () => {
          if (viewer !== undefined) this.#viewers.delete(viewer);
        },
      },
      { highWaterMark: MOST_QUEUED },
    );
  }

  /** Sends a message to everybody who keeps up. */
  tell(text: string): void {
    const nowMs = this.#clock.monotonic();
    const bytes = BYTES.encode(text);
    for (const viewer of [...this.#viewers]) {
      const { controller, behindSinceMs } = viewer;
      if (behindSinceMs !== undefined && nowMs - behindSinceMs > GIVEN_UP_MS) this.#drop(viewer);
      else if (behindSinceMs === undefined && (controller.desiredSize ?? 0) > 0) controller.enqueue(bytes);
      else viewer.behindSinceMs = behindSinceMs ?? nowMs;
    }
  }

  /** Ends every stream. */
  close(): void {
    for (const viewer of [...this.#viewers]) this.#drop(viewer);
  }

  #drop(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    viewer.controller.error(new Error('the viewer takes nothing'));
  }
}
