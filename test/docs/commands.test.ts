import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMMANDS } from '../../src/bin/commands.ts';
import { commandLinesIn, type Help, readHelp } from './command-lines.ts';

// Each page asks many commands for their help.
setDefaultTimeout(60_000);

const ROOT = join(import.meta.dir, '../..');
const pages = ['README.md', 'CONTRIBUTING.md', ...filesIn('docs'), ...filesIn('docs/adr')];

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const helps = new Map<string, Help>();

/** The help of a command path such as `sim pod add`. */
function helpOf(path: readonly string[]): Help {
  const key = path.join(' ');
  const help = helps.get(key) ?? readHelp(path);
  helps.set(key, help);
  return help;
}

/** What is wrong with a command line: a word that is no command, an option that its help does not name. */
function faultsOf(words: readonly string[]): readonly string[] {
  const path: string[] = [];
  for (const word of words) {
    const { commands } = helpOf(path);
    if (word.startsWith('-') || commands.length === 0) break;
    if (!commands.includes(word)) return [`there is no command "${[...path, word].join(' ')}"`];
    path.push(word);
  }
  const { options } = helpOf(path);
  return words
    .filter((word) => word.startsWith('-') && !options.includes(word.replace(/=.*/, '')))
    .map((word) => `"${path.join(' ')}" has no option ${word}`);
}

describe('command lines in the pages', () => {
  for (const page of pages) {
    test(page, () => {
      const wrong = commandLinesIn(read(page)).flatMap(({ line, words }) =>
        faultsOf(words).map((fault) => ({ line, fault })),
      );
      expect(wrong).toEqual([]);
    });
  }

  test('there are many, so the search for them works', () => {
    expect(pages.flatMap((page) => commandLinesIn(read(page))).length).toBeGreaterThan(60);
  });

  const rows = [
    { name: 'a wrong option', text: '`vpc-cni status --jsn`', faults: ['"status" has no option --jsn'] },
    { name: 'a wrong word', text: '```\nvpc-cni docter\n```', faults: ['there is no command "docter"'] },
    { name: 'a wrong word of a group', text: '`vpc-cni sim pod make`', faults: ['there is no command "sim pod make"'] },
    { name: 'one of two', text: '`vpc-cni config show|shew`', faults: ['there is no command "config shew"'] },
    {
      name: 'the command on a node',
      text: 'run "vpc-cni sim exec --name x node-a -- vpc-cni install --wet"',
      faults: ['"install" has no option --wet'],
    },
    { name: "another program's option", text: '`vpc-cni sim exec node-a -- ip -br link | grep -v lo`', faults: [] },
    { name: 'a setting before it', text: '`WARM_IP_TARGET=5 vpc-cni config check`', faults: [] },
  ] as const;
  for (const { name, text, faults } of rows)
    test(`a reader is told of ${name}`, () => {
      expect(commandLinesIn(text).flatMap(({ words }) => faultsOf(words))).toEqual([...faults]);
    });
});

/** How GitHub makes an anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

describe('source files that the pages name are there', () => {
  for (const page of pages) {
    test(page, () => {
      const named = [...read(page).matchAll(/`([\w-]+(?:\/[\w.-]+)+\.(?:ts|txt|json|mjs))`/g)].map(
        ([, path = '']) => path,
      );
      const isThere = (path: string): boolean =>
        ['', 'src', 'src/sim'].some((above) => existsSync(join(ROOT, above, path)));
      expect(named.filter((path) => !isThere(path))).toEqual([]);
    });
  }
});

describe('links in the pages lead somewhere', () => {
  for (const page of pages) {
    test(page, () => {
      const text = read(page);
      const wrong = [...text.matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(ROOT, target))) return [link];
        if (anchor === undefined) return [];
        const anchors = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
        return anchors.includes(anchor) ? [] : [link];
      });
      expect(wrong).toEqual([]);
    });
  }
});

describe('man/vpc-cni.8', () => {
  const page = read('man/vpc-cni.8');
  const plain = page.replaceAll('\\-', '-').replaceAll(/\\f[BIRP]/g, '');

  const paths = (path: readonly string[]): readonly (readonly string[])[] => [
    path,
    ...helpOf(path)
      .commands.filter((word) => word !== 'help')
      .flatMap((word) => paths([...path, word])),
  ];

  test('names every command and every option of --help', () => {
    const all = paths([]);
    const options = all.flatMap((path) => helpOf(path).options);
    const words = all.map((path) => path.join(' '));
    const has = (name: string): boolean => new RegExp(`(^|[\\s"|])${name}($|[\\s,".|])`, 'm').test(plain);
    expect([...new Set([...options, ...words.filter((word) => word !== '')])].filter((name) => !has(name))).toEqual([]);
    expect(helpOf([]).commands).toEqual([...COMMANDS].flatMap(([word, { hidden }]) => (hidden ? [] : [word])));
  });

  /** The sections about commands: which ones, and the options they tell of. */
  const sections = plain
    .split(/^\.SS /m)
    .slice(1)
    .map((text) => {
      const [head = '', ...body] = (text.split(/^\.SH /m)[0] ?? '').split('\n');
      const options = [...body.join('\n').matchAll(/(?<![\w-])--?[a-z][a-z0-9-]*/g)].map(([option]) => option);
      return { commands: head.replaceAll('"', '').split(', '), options };
    });
  // Told once, for all commands.
  const everywhere = ['--help', '-h', '--json'];

  test('tells every option of a command where it tells of the command', () => {
    const leaves = paths([]).filter((path) => path.length > 0 && helpOf(path).commands.length === 0);
    const untold = leaves.flatMap((path) => {
      const name = path.join(' ');
      const told = sections.flatMap(({ commands, options }) => (commands.includes(name) ? options : []));
      const once = [...everywhere, ...(path[0] === 'sim' && name !== 'sim up' ? ['--name'] : [])];
      return helpOf(path)
        .options.filter((option) => ![...once, ...told].includes(option))
        .map((option) => `${name} ${option}`);
    });
    expect(untold).toEqual([]);
  });

  test('tells of no command and no option that is not there', () => {
    const words = paths([]).map((path) => path.join(' '));
    const invented = sections.flatMap(({ commands, options }) => {
      const known = commands.flatMap((name) => helpOf(name.split(' ')).options);
      return [...commands.filter((name) => !words.includes(name)), ...options.filter((name) => !known.includes(name))];
    });
    expect(invented).toEqual([]);
    expect(sections.length).toBeGreaterThan(15);
  });

  test('is well-formed', () => {
    const requests = [...page.matchAll(/^\.([A-Za-z]+)/gm)].map(([, name = '']) => name);
    const known = ['TH', 'SH', 'SS', 'PP', 'TP', 'TQ', 'RS', 'RE', 'B', 'I', 'BI', 'BR', 'IR', 'nf', 'fi', 'EX', 'EE'];
    expect(requests.filter((name) => !known.includes(name))).toEqual([]);
    const count = (name: string): number => requests.filter((request) => request === name).length;
    expect([count('TH'), count('nf'), count('RS')]).toEqual([1, count('fi'), count('RE')]);
    expect(page.split('\n').filter((line) => /\s$|^$/.test(line)).length).toBe(1);
  });

  test('is formatted without a warning, where there is groff', () => {
    if (Bun.which('groff') === null) return;
    const { stderr, exitCode } = Bun.spawnSync(['groff', '-man', '-ww', '-Tutf8', '-K', 'utf8', 'man/vpc-cni.8'], {
      cwd: ROOT,
      stderr: 'pipe',
    });
    expect([stderr.toString(), exitCode]).toEqual(['', 0]);
  });
});
