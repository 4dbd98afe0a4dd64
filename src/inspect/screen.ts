/** Where a text for people goes. */
export interface Screen {
  /** Columns to fit into; `undefined` where nobody says, such as in a pipe: then nothing is cut or wrapped. */
  readonly columns: number | undefined;
  readonly colour: boolean;
  /** Whether characters beyond ASCII are shown. */
  readonly unicode: boolean;
}

const ANSI = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Makes a word stand out on a terminal; leaves it alone elsewhere. */
export type Paint = (style: keyof typeof ANSI, text: string) => string;

/** How this screen makes words stand out. */
export const paintOn = ({ colour }: Pick<Screen, 'colour'>): Paint =>
  colour ? (style, text) => `\x1b[${ANSI[style]}m${text}\x1b[0m` : (_, text) => text;

/** Narrower than this nothing is wrapped: a word a line helps nobody. */
const LEAST_COLUMNS = 40;
const LABEL = 12;

/** What a person sees of a text, in columns: colours take none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an ANSI sequence begins with one.
const widthOf = (text: string): number => text.replaceAll(/\x1b\[\d+m/g, '').length;

/** `name` and `value` as a line, or as several of the screen's width, broken between words. */
export function field(name: string, value: string, { columns }: Pick<Screen, 'columns'>): string {
  const head = name.padEnd(LABEL - 1);
  if (columns === undefined || columns < LEAST_COLUMNS) return `${head} ${value}`.trimEnd();
  const lines: string[] = [];
  let line = head;
  for (const word of value.split(' ')) {
    const longer = `${line} ${word}`;
    if (widthOf(longer) <= columns || line.trim() === '') line = longer;
    else {
      lines.push(line);
      line = `${' '.repeat(LABEL - 1)} ${word}`;
    }
  }
  return [...lines, line].join('\n').trimEnd();
}

const UTF8 = /utf-?8/i;

/** The screen behind the standard output. `columns` as the terminal tells; https://no-color.org: any non-empty value. */
export function screenOf(
  env: Readonly<Record<string, string | undefined>>,
  { isTty, columns }: { readonly isTty: boolean; readonly columns?: number | undefined },
): Screen {
  const dumb = env['TERM'] === 'dumb';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return {
    columns: isTty ? columns : undefined,
    colour: isTty && !dumb && !env['NO_COLOR'],
    unicode: isTty && !dumb && UTF8.test(locale),
  };
}

/** Clears the screen and its scrollback; goes to the top left corner; clears to the end of the line, of the screen. */
const [CLEAR, HOME, REST_OF_LINE, REST_OF_SCREEN] = ['\x1b[2J\x1b[3J', '\x1b[H', '\x1b[K', '\x1b[J'];

/**
 * What draws a text over the one before it without a flicker. What a terminal of `rows` rows cannot show is counted in its
 * last line, for it would scroll the rest away.
 */
export function redraw(
  text: string,
  { first, rows }: { readonly first: boolean; readonly rows: number | undefined },
): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const room = rows === undefined || rows < 2 ? lines.length : rows - 1;
  const cut = lines.length > room ? [...lines.slice(0, room - 1), `… ${lines.length - room + 1} lines more`] : lines;
  return `${first ? CLEAR : ''}${HOME}${cut.map((line) => `${line}${REST_OF_LINE}\n`).join('')}${REST_OF_SCREEN}`;
}
