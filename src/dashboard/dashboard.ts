import type { Timers } from '../sys/index.ts';
import { History } from './history.ts';
import { pageFile } from './page-files.ts';
import { forbidden, HEADERS } from './same-origin.ts';
import { eventText, Viewers } from './viewers.ts';
import { type EniView, eniView, nodeView, type Source } from './views.ts';

/** Where the page is. */
const PAGE = '/dashboard';

/** What changes shows so much later, so that a burst of pods is one message. */
const SHOW_AFTER_MS = 100;
/** How often a page gets a sign of life. */
const BEAT_MS = 1_000;
/** How often it is looked whether something has changed of which nobody tells, such as a condition. */
const LOOK_MS = 2_000;
/** The pool is noted so long after a change: the history needs it once in a bin. */
const NOTE_AFTER_MS = 1_000;

/** What everybody has been shown, as texts to compare with. */
interface Shown {
  readonly node: string;
  readonly order: string;
  readonly enis: ReadonlyMap<string, string>;
}

const NOTHING: Shown = { node: '', order: '', enis: new Map() };

/** The page and what it shows. Without anybody looking it only keeps the history, and no timer runs on an idle node. */
export class Dashboard {
  readonly path = PAGE;
  readonly #clock: Timers;
  readonly #history: History;
  readonly #viewers: Viewers;
  readonly #signal: AbortSignal;
  #source: Source | undefined;
  #shown = NOTHING;
  #shownRevision = 0;
  #lookedAtMs = 0;
  #cancelNote: (() => void) | undefined;
  #cancelShow: (() => void) | undefined;
  #cancelBeat: (() => void) | undefined;

  constructor(clock: Timers, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#history = new History(clock);
    this.#viewers = new Viewers(clock, () => this.#whole());
    signal.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** From now on there is something to look at. */
  watch(source: Source): void {
    this.#source = source;
  }

  /** A CNI call that ended: `code` is "ok" or that of an error. */
  called(command: string, code: string, ms: number): void {
    if (command === 'ADD') this.#history.added(ms, code === 'ok');
    if (command === 'DEL' && code === 'ok') this.#history.count('dels');
  }

  /** A request to EC2 that was answered; `code` is that of a refusal. */
  asked({ action, code }: { readonly action: string; readonly code: string | undefined }): void {
    if (code !== undefined) this.#history.count('ec2Failed');
    else this.#history.count(action.startsWith('Describe') ? 'ec2Reads' : 'ec2Changes');
  }

  /** The pool has changed, or may have. */
  changed(): void {
    if (this.#signal.aborted) return;
    this.#cancelNote ??= this.#clock.after(NOTE_AFTER_MS, () => {
      this.#cancelNote = undefined;
      this.#note();
    });
    if (this.#viewers.count === 0) return;
    this.#cancelShow ??= this.#clock.after(SHOW_AFTER_MS, () => {
      this.#cancelShow = undefined;
      this.#show();
    });
  }

  /** Answers a request for the page or something of it; `undefined` when it is for something else. */
  serve(request: Request): Response | Promise<Response> | undefined {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const isRoot = pathname === '/' && (request.headers.get('accept') ?? '').includes('text/html');
    if (!isRoot && pathname !== PAGE && !pathname.startsWith(`${PAGE}/`)) return undefined;
    const refused = forbidden(request);
    if (refused !== undefined) return refused;
    if (isRoot || pathname === `${PAGE}/`) return new Response(null, { status: 302, headers: { location: PAGE } });
    if (pathname === `${PAGE}/events`) return this.#events(request);
    if (pathname === `${PAGE}/path`) return this.#path(searchParams.get('pod') ?? '');
    return pageFile(pathname.slice(PAGE.length + 1)) ?? new Response('not found\n', { status: 404, headers: HEADERS });
  }

  #events(request: Request): Response {
    const headers = { ...HEADERS, 'content-type': 'text/event-stream' };
    if (request.method === 'HEAD') return new Response(null, { headers });
    // The first one is shown everything; what comes later is told as a difference to that.
    if (this.#viewers.count === 0) this.#shown = this.#look();
    const stream = this.#signal.aborted ? undefined : this.#viewers.open();
    if (stream === undefined)
      return new Response('too many pages are open\n', { status: 503, headers: { ...HEADERS, 'retry-after': '30' } });
    this.#cancelBeat ??= this.#clock.after(BEAT_MS, () => this.#beat());
    this.#source?.looked();
    return new Response(stream, { headers });
  }

  async #path(pod: string): Promise<Response> {
    const text = (words: string, status: number): Response => new Response(`${words}\n`, { status, headers: HEADERS });
    try {
      const path = await this.#source?.pathOf(pod);
      if (path !== undefined) return Response.json(path, { headers: HEADERS });
      return text('no pod of this name or address has an address of this node', 404);
    } catch (error) {
      return text(`the kernel cannot be asked: ${error instanceof Error ? error.message : String(error)}`, 503);
    }
  }

  #note(): void {
    const gauges = this.#source?.gauges();
    if (gauges !== undefined) this.#history.gauge(gauges);
  }

  #beat(): void {
    this.#cancelBeat = undefined;
    if (this.#viewers.count === 0) {
      this.#shown = NOTHING;
      this.#source?.looked();
      return;
    }
    if (this.#clock.monotonic() - this.#lookedAtMs >= LOOK_MS) this.#show();
    const { last, revision } = this.#history;
    // The page takes any word for a sign of life; on an idle node one of a few bytes.
    if (revision === this.#shownRevision) this.#viewers.tell(eventText('beat', null));
    else this.#viewers.tell(eventText('history', this.#history.view(last - 1)));
    this.#shownRevision = revision;
    this.#cancelBeat = this.#clock.after(BEAT_MS, () => this.#beat());
  }

  /** Everything, for somebody who has seen nothing. */
  #whole(): string {
    const { node, enis, order } = this.#look();
    return [
      `retry: ${BEAT_MS}\n\n`,
      `event: node\ndata: ${node}\n\n`,
      `event: enis\ndata: {"order":${order},"enis":[${[...enis.values()].join(',')}]}\n\n`,
      eventText('history', this.#history.view()),
    ].join('');
  }

  /** Tells everybody what is other than they were shown. */
  #show(): void {
    const before = this.#shown;
    const now = this.#look();
    this.#shown = now;
    if (now.node !== before.node) this.#viewers.tell(`event: node\ndata: ${now.node}\n\n`);
    const changed = [...now.enis].filter(([id, text]) => before.enis.get(id) !== text).map(([, text]) => text);
    if (changed.length > 0 || now.order !== before.order)
      this.#viewers.tell(`event: enis\ndata: {"order":${now.order},"enis":[${changed.join(',')}]}\n\n`);
  }

  #look(): Shown {
    const source = this.#source;
    if (source === undefined) return { node: 'null', order: '[]', enis: new Map() };
    this.#note();
    this.#lookedAtMs = this.#clock.monotonic();
    const status = source.status();
    const nowMs = this.#clock.now();
    const enis: readonly EniView[] = status.enis.map((eni) => eniView(eni, nowMs));
    return {
      node: JSON.stringify(nodeView(status)),
      order: JSON.stringify(enis.map(({ id }) => id)),
      enis: new Map(enis.map((eni) => [eni.id, JSON.stringify(eni)])),
    };
  }

  #close(): void {
    for (const cancel of [this.#cancelNote, this.#cancelShow, this.#cancelBeat]) cancel?.();
    this.#viewers.close();
  }
}
