/**
 * Both ends of a connection, run by Bun in some namespace: `serve PORT` answers on TCP and UDP; `ask tcp|udp HOST PORT`
 * prints whom the server takes it for; `pour HOST PORT BYTES` sends, and prints what arrived in the last second of it.
 */
import { createSocket } from 'node:dgram';
import { createConnection, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A server waits for as long as the namespace's owner lets it, and no longer than this. */
const SERVES_MS = 600_000;
const ANSWER_WITHIN_MS = 10_000;
const CHUNK = Buffer.alloc(256 * 1024);
const SECOND_MS = 1_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function measure(socket: Socket): void {
  const arrived: { readonly at: number; readonly bytes: number }[] = [];
  socket.on('data', (data) => void arrived.push({ at: performance.now(), bytes: data.length }));
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    const last = arrived.at(-1)?.at ?? 0;
    const counted = arrived.filter(({ at }) => at > last - SECOND_MS);
    socket.end(`${counted.reduce((sum, { bytes }) => sum + bytes, 0)}\n`);
  });
}

function serve(port: number): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.write(`${socket.remoteAddress?.replace('::ffff:', '')}\n`);
    measure(socket);
  }).listen(port, '0.0.0.0', () => say('ready'));
  const datagrams = createSocket('udp4');
  datagrams.on('message', (_, from) => datagrams.send(from.address, from.port, from.address));
  datagrams.bind(port);
  setTimeout(() => process.exit(0), SERVES_MS);
}

function askTcp(host: string, port: number): void {
  const socket = createConnection({ host, port });
  socket.once('data', (data) => {
    say(data.toString().trim());
    process.exit(0);
  });
}

function askUdp(host: string, port: number): void {
  const socket = createSocket('udp4');
  socket.on('message', (data) => {
    say(data.toString());
    process.exit(0);
  });
  socket.send('who', port, host);
}

async function pour(host: string, port: number, bytes: number): Promise<void> {
  const socket = createConnection({ host, port, allowHalfOpen: true });
  const answer = text(socket);
  for (let sent = 0; sent < bytes; sent += CHUNK.length)
    if (!socket.write(CHUNK)) await new Promise((resolve) => socket.once('drain', resolve));
  socket.end();
  say((await answer).trim().split('\n').at(-1) ?? '');
}

if (import.meta.main) {
  const [what = '', ...words] = process.argv.slice(2);
  if (what === 'serve') serve(Number(words[0]));
  else if (what === 'pour') await pour(words[0] ?? '', Number(words[1]), Number(words[2]));
  else {
    // Nobody there is an answer too.
    setTimeout(() => process.exit(1), ANSWER_WITHIN_MS);
    const ask = words[0] === 'udp' ? askUdp : askTcp;
    ask(words[1] ?? '', Number(words[2]));
  }
}
