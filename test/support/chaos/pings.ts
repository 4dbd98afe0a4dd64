/** What came back of the pings of one pod. */
export interface PingResult {
  readonly answered: number;
  /** Sequence numbers without an answer after the first that had one; the last packet of all may be under way still. */
  readonly lost: readonly number[];
  /** How many were sent before the first answer: packets follow what EC2's API has said a moment later. */
  readonly early: number;
  /** How long it went on. */
  readonly ms: number;
}

/** A ping that goes on until it is ended. */
export interface LastingPing {
  readonly end: () => Promise<PingResult>;
}

/** Starts to ping an address, five times a second; what is lost at the end counts as what is lost in between. */
export function pingOnAndOn(argv: readonly [string, ...string[]], address: string): LastingPing {
  const child = Bun.spawn([...argv, 'ping', '-n', '-i', '0.2', address], { stdout: 'pipe', stderr: 'ignore' });
  const output = new Response(child.stdout).text();
  const started = performance.now();
  return {
    end: async () => {
      child.kill('SIGINT');
      const text = await output;
      const answered = new Set([...text.matchAll(/icmp_seq=(\d+) ttl=/g)].map((match) => Number(match[1])));
      // Ended before it had entered the namespace, it has nothing to say.
      const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1] ?? 0);
      const first = answered.size === 0 ? sent : Math.min(...answered);
      const after = Array.from({ length: Math.max(0, sent - 1 - first) }, (_, index) => first + 1 + index);
      const lost = after.filter((number) => !answered.has(number));
      return { answered: answered.size, lost, early: Math.max(0, first - 1), ms: performance.now() - started };
    },
  };
}
