import type { Edges } from './parts.ts';

/** Does the work after a time, unless the daemon is told to stop first; the function it returns calls it off. */
export function later(edges: Pick<Edges, 'clock' | 'signal'>, afterMs: number, work: () => void): () => void {
  const { clock, signal } = edges;
  if (signal.aborted) return () => undefined;
  const cancel = clock.after(afterMs, () => {
    signal.removeEventListener('abort', stop);
    work();
  });
  const stop = (): void => {
    cancel();
    signal.removeEventListener('abort', stop);
  };
  signal.addEventListener('abort', stop);
  return stop;
}

/** Ends when the signal comes. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
