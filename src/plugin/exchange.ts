import { type Answer, parseAnswer } from './parse-answer.ts';

/** The daemon bounds its own waits (growth of the pool included) far below this; past it, it hangs. */
const ANSWER_MS = 110_000;

function requestOf(body: string): Uint8Array {
  const encoder = new TextEncoder();
  const length = encoder.encode(body).length;
  return encoder.encode(
    `POST /cni/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * Sends the body once. Rejects when there is no daemon, or it went away before it answered. A socket and not `fetch`, which
 * starts a thread and loads a client: 1 ms of a call that takes 7.
 */
export async function exchange(path: string, body: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const late = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  let left = requestOf(body);
  let received: Uint8Array = new Uint8Array();
  // What does not fit into the socket's buffer goes when it drains.
  const write = (socket: Bun.Socket): void => {
    left = left.subarray(socket.write(left));
  };
  const connection = Bun.connect({
    unix: path,
    socket: {
      binaryType: 'uint8array',
      open: write,
      drain: write,
      data: (_, part) => {
        received = joined(received, part);
        try {
          const answer = parseAnswer(received);
          if (answer !== undefined) resolve(answer);
        } catch (error) {
          reject(error);
        }
      },
      close: () => reject(new Error('it closed the connection before it had answered')),
      error: (_, error) => reject(error),
      connectError: (_, error) => reject(error),
    },
  });
  connection.catch(reject);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    connection.then(
      (socket) => socket.end(),
      () => undefined,
    );
  }
}
