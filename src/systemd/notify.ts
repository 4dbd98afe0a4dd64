import { sendUnixDatagram } from '../sys/index.ts';

/** One thing a service may tell systemd (sd_notify(3)). */
export type Notice =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stopping' }
  /** The daemon lives; must come again within WatchdogSec. */
  | { readonly kind: 'watchdog' }
  | { readonly kind: 'status'; readonly text: string }
  /** Start-up goes on and needs this much longer: the start timeout begins anew. */
  | { readonly kind: 'extend-timeout'; readonly ms: number };

function assignment(notice: Notice): string {
  switch (notice.kind) {
    case 'ready':
      return 'READY=1';
    case 'stopping':
      return 'STOPPING=1';
    case 'watchdog':
      return 'WATCHDOG=1';
    case 'status':
      // One assignment a line: a line break inside would start another one.
      return `STATUS=${notice.text.replaceAll(/\s*\n\s*/g, ' ')}`;
    case 'extend-timeout':
      return `EXTEND_TIMEOUT_USEC=${Math.round(notice.ms * 1000)}`;
    default:
      return notice satisfies never;
  }
}

/**
 * Tells systemd, in one datagram. `socket` is the value of NOTIFY_SOCKET; without one nobody listens and nothing is
 * sent. Throws `FILE_FAILED` when systemd's socket cannot be reached.
 */
export function notify(socket: string | undefined, notices: readonly Notice[]): void {
  if (socket === undefined || socket === '' || notices.length === 0) return;
  sendUnixDatagram(socket, notices.map(assignment).join('\n'));
}
