import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A source file, read for what its text shows. */
export interface SourceFile {
  /** Path from the root of the project. */
  readonly path: string;
  readonly text: string;
  /** The text with comments, strings, template texts and regular expressions blanked out. */
  readonly code: string;
  /** What it imports or exports from, lazily or not. */
  readonly imports: readonly string[];
}

const ROOT = join(import.meta.dir, '../..');

// A slash after one of these begins a regular expression; after anything else it divides.
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};>]|\breturn|\bcase)\s*$/;
const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|[`}{]|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;

/** Blanks out everything that is not code, keeping what stands in `${…}`. */
export function codeOf(text: string): string {
  let code = '';
  let at = 0;
  // For each template we are inside of: how many braces are open in its current `${…}`.
  const open: number[] = [];
  const skipTemplateText = (from: number): number => {
    let end = from;
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{'))
      end += text[end] === '\\' ? 2 : 1;
    if (text[end] === '`') return end + 1;
    open.push(0);
    return end + 2;
  };
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [token] = match;
    code += text.slice(at, match.index);
    at = TOKEN.lastIndex;
    const depth = open.at(-1);
    if (token === '`') at = skipTemplateText(at);
    else if (token === '{') {
      if (depth !== undefined) open[open.length - 1] = depth + 1;
      code += token;
    } else if (token === '}') {
      if (depth === 0) {
        open.pop();
        at = skipTemplateText(at);
      } else {
        if (depth !== undefined) open[open.length - 1] = depth - 1;
        code += token;
      }
    } else if (token.startsWith('/') && !/^\/[/*]/.test(token) && !BEFORE_REGEX.test(code)) {
      code += '/';
      at = match.index + 1;
    } else code += token.startsWith('/*') || token.startsWith('//') ? ' ' : "''";
    TOKEN.lastIndex = at;
  }
  return code + text.slice(at);
}

/** The modules a text imports or exports from, or loads with `import()`; also those it takes only types from. */
export function importsOf(text: string): readonly string[] {
  const uncommented = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*$/gm, ' ');
  const statements =
    /(?:^|[\n;])\s*(?:import|export)\b[^;'"`=]*?from\s*'([^']+)'|(?:^|[\n;])\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;
  return [...uncommented.matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** Every TypeScript file below a folder of the project. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => {
      const path = `${folder}/${name}`;
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, code: codeOf(text), imports: importsOf(text) };
    });
}
