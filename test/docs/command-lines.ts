import { join } from 'node:path';

/** A use of our command on a page. */
export interface CommandLine {
  readonly line: string;
  /** The words after `vpc-cni`, up to where another program's begin. */
  readonly words: readonly string[];
}

/** What ends a command: the shell's signs, `--` before the words of another program, a placeholder or a remark. */
const END = /^(--$|#|\||&&|;|>|<|2>|\)|…|→|[A-Z]{3,}$)/;

const COMMAND = /(?:^|[\s($!])(?:\S*\/)?vpc-cni(?:-linux-\w+)?\s+(.*)/;

function commandsIn(text: string): readonly CommandLine[] {
  const found = COMMAND.exec(text);
  if (found === null) return [];
  const rest = found[1] ?? '';
  const all = rest.split(/\s+/).filter((word) => word !== '');
  const end = all.findIndex((word) => END.test(word));
  const words = (end < 0 ? all : all.slice(0, end))
    .map((word) => word.replace(/^[[]|[\];),.]+$/g, ''))
    .filter((word) => word !== '');
  const after = all.slice(end < 0 ? all.length : end).join(' ');
  // `sim exec node-a -- vpc-cni status` and `a && b` hold a second one.
  return [{ line: text.trim(), words }, ...commandsIn(` ${after}`)];
}

/** Blocks in which our executable is a file that other programs are given. */
const ELSEWHERE: readonly string[] = ['sh workstation', 'sh packer'];

/** Every command line of ours: in fenced blocks, between backquotes, and between quotation marks. */
export function commandLinesIn(page: string): readonly CommandLine[] {
  const lines: CommandLine[] = [];
  let [fence, elsewhere] = [false, false];
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) {
      fence = !fence;
      elsewhere = ELSEWHERE.includes(line.slice(3));
    } else if (elsewhere) continue;
    else if (fence) {
      // A picture is no command, and a line of expected output is none either.
      if (!line.startsWith('# →') && !/[│►─]/.test(line)) lines.push(...commandsIn(line));
    } else
      for (const [, code, quoted] of line.matchAll(/`([^`]*)`|"(vpc-cni [^"]*)"/g)) {
        const text = code ?? quoted ?? '';
        if (/^(\.\/|[A-Z_]+=\S+ )?vpc-cni/.test(text)) lines.push(...alternatives(text).flatMap(commandsIn));
      }
  }
  return lines;
}

/** `config show|check` stands for two command lines. */
function alternatives(text: string): readonly string[] {
  const several = /(\w+(?:\|\w+)+)/.exec(text)?.[0];
  return several === undefined ? [text] : several.split('|').map((one) => text.replace(several, one));
}

/** What `--help` of a command names. */
export interface Help {
  /** Words of its commands; empty when it has none. */
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

const ROOT = join(import.meta.dir, '../..');

/** Asks a command for its help and reads the names off it. */
export function readHelp(path: readonly string[]): Help {
  const { stdout } = Bun.spawnSync([process.execPath, 'src/bin/main.ts', ...path, '--help'], { cwd: ROOT });
  const text = stdout.toString().split('\nExamples:')[0] ?? '';
  const section = /^Commands:\n((?: {2}.*\n?)*)/m.exec(text)?.[1] ?? '';
  const listed = [...section.matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, word = '']) => word);
  // `config` has one page for its three words.
  const inUsage = /^Usage: vpc-cni config (\w+(?:\|\w+)+)/.exec(text)?.[1]?.split('|') ?? [];
  const commands = listed.length > 0 ? listed : path.length === 1 ? inUsage : [];
  const options = new Set(['--help', '-h']);
  for (const [option] of text.matchAll(/(?<![\w-])--?[a-z][a-z0-9-]*/g)) options.add(option);
  return { commands, options: [...options] };
}
