/**
 * Does the work once nothing has happened for so long; each call of the function it returns says that something has. Does
 * not keep the process alive.
 */
export function whenQuiet(afterMs: number, work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, afterMs);
    timer.unref();
  };
}
