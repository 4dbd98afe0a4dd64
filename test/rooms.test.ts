import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { codeOf, importsOf, type SourceFile, sourceFiles } from './support/source-files.ts';

/** Rooms by level; an import goes down at least one level, so there can be no cycle. */
const LEVELS = [
  ['errors'],
  ['addr'],
  ['vpc', 'cniproto', 'config'],
  ['pool', 'dataplane', 'hostspec', 'sys'],
  ['kernel', 'aws', 'kube', 'systemd', 'log'],
  ['ipamd', 'plugin', 'installer', 'inspect', 'dashboard', 'multus', 'policy', 'fleet', 'sim'],
  ['commands'],
  ['bin'],
] as const;

const PROGRAMS = 5;
const LEVEL = new Map<string, number>(LEVELS.flatMap((rooms, level) => rooms.map((room) => [room, level] as const)));
const PURE = ['errors', 'addr', 'vpc', 'cniproto', 'config', 'pool', 'dataplane', 'hostspec'];
/** The simulator shares words with the product, never behaviour, so that one mistake cannot hide in both. */
const SIM_MAY_IMPORT = ['vpc', 'addr', 'log', 'sys', 'errors'];
const MOST_LINES = 300;

/** The SDK takes credentials, proxies and the endpoint of its metadata provider from the environment and from nowhere else. */
const SETS_ENVIRONMENT = 'src/aws/sdk-client.ts';

const FILES = sourceFiles('src');

const roomOf = (path: string): string => path.split('/')[1] ?? '';

/** Why the edge is forbidden, or `undefined` when it is fine. */
function objection(from: string, to: string): string | undefined {
  const [room, target] = [roomOf(from), roomOf(to)];
  const [level, below] = [LEVEL.get(room), LEVEL.get(target)];
  if (room === target) return undefined;
  if (level === undefined) return `${room} is no room of the design`;
  if (!to.startsWith('src/')) {
    return to.startsWith('templates/') && room === 'hostspec'
      ? undefined
      : `${room} may not read ${to}: only hostspec reads templates`;
  }
  if (below === undefined) return `${target} is no room of the design`;
  if (room === 'sim' && !SIM_MAY_IMPORT.includes(target))
    return `sim may import only ${SIM_MAY_IMPORT.join(' ')}, so that no mistake hides in product and simulator alike`;
  if (level === PROGRAMS && below === PROGRAMS)
    return `${room} and ${target} are programs, and programs never import each other`;
  if (below >= level) return `imports go down, and ${target} (level ${below}) is not below ${room} (level ${level})`;
  // The commands have no index: the entry loads exactly the one that was called.
  const byIndex = to === `src/${target}/index.ts` || (room === 'bin' && target === 'commands');
  return byIndex ? undefined : `${target} is imported only through its index.ts`;
}

function edgesOf(file: SourceFile): readonly string[] {
  return file.imports
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ name, to: join(file.path, '..', name) }))
    .flatMap(({ name, to }) => {
      const reason = objection(file.path, to);
      return reason === undefined ? [] : [`${file.path} imports ${name}: ${reason}`];
    });
}

/** What a pure room may not touch: the answer would no longer follow from the arguments. */
const EFFECTS: readonly (readonly [RegExp, string])[] = [
  [/\bprocess\s*[.[]/, 'process'],
  [/\bDate\.now\b|\bnew Date\(\s*\)/, 'the clock'],
  [/\bMath\.random\b|\bcrypto\.(?:randomUUID|getRandomValues)\b/, 'chance'],
  [/\bperformance\.now\b/, 'the clock'],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'timers'],
  [/\bfetch\s*\(/, 'the network'],
  [/\bBun\s*\./, 'Bun'],
  [/\bconsole\s*\./, 'the console'],
];
// Hashing, unpacking and joining paths follow from their arguments alone.
const HARMLESS_BUILTINS = ['node:crypto', 'node:path', 'node:zlib'];

function impuritiesOf(file: SourceFile): readonly string[] {
  const builtins = file.imports.filter((name) => /^(?:node:|bun)/.test(name) && !HARMLESS_BUILTINS.includes(name));
  const touched = EFFECTS.filter(([pattern]) => pattern.test(file.code)).map(([, what]) => what);
  return [...builtins, ...touched].map((what) => `${file.path} uses ${what}, and ${roomOf(file.path)} is a pure room`);
}

/** `as` that is neither `as const` nor a renamed import or export. */
function castsOf(file: SourceFile): readonly string[] {
  const code = file.code.replace(/\b(?:import|export)\s+(?:type\s+)?(?:\w+\s*,\s*)?(?:\{[^}]*\}|\*\s+as\s+\w+)/g, '');
  return [...code.matchAll(/\bas\s+(?!const\b)[A-Za-z_{([]/g)].map((match) => {
    const around = code.slice(Math.max(0, match.index - 30), match.index + 30).replace(/\s+/g, ' ');
    return `${file.path} casts in "…${around}…": only parse files may`;
  });
}

describe('rooms', () => {
  test('imports go down, through index.ts, and never between programs', () => {
    expect(FILES.flatMap(edgesOf)).toEqual([]);
  });

  test('pure rooms touch nothing outside their arguments', () => {
    expect(FILES.filter((file) => PURE.includes(roomOf(file.path))).flatMap(impuritiesOf)).toEqual([]);
  });

  test('only the room sys starts processes and calls libc', () => {
    const effects = ['node:child_process', 'bun:ffi', 'execa'];
    const found = FILES.filter((file) => roomOf(file.path) !== 'sys').flatMap((file) =>
      file.imports.filter((name) => effects.includes(name)).map((name) => `${file.path} imports ${name}`),
    );
    expect(found).toEqual([]);
  });

  test('only the entry reads the words and the environment of the process, and sets its exit code', () => {
    const others = FILES.filter((file) => roomOf(file.path) !== 'bin' && file.path !== SETS_ENVIRONMENT);
    const found = others.flatMap((file) =>
      [...file.code.matchAll(/\bprocess\.(?:argv0?|env|exitCode|exit)\b/g)].map(
        (match) => `${file.path} uses ${match[0]}`,
      ),
    );
    expect(found).toEqual([]);
  });

  test('casts stand only in parse files', () => {
    const others = FILES.filter((file) => !/^parse\b/.test(file.path.split('/').at(-1) ?? ''));
    expect(others.flatMap(castsOf)).toEqual([]);
  });

  test(`no file is longer than ${MOST_LINES} lines`, () => {
    const long = [...FILES, ...sourceFiles('test'), ...sourceFiles('scripts')]
      .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MOST_LINES)
      .map(({ path, lines }) => `${path} has ${lines} lines`);
    expect(long).toEqual([]);
  });

  test('every room below the commands has an index.ts that exports by name', () => {
    const rooms = new Set(
      FILES.map((file) => roomOf(file.path)).filter((room) => room !== 'commands' && room !== 'bin'),
    );
    const faults = [...rooms].flatMap((room) => {
      const index = FILES.find((file) => file.path === `src/${room}/index.ts`);
      if (index === undefined) return [`src/${room} has no index.ts`];
      return /export \*/.test(index.code) ? [`src/${room}/index.ts exports *`] : [];
    });
    expect(faults).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const rows = [
    ['src/ipamd/run.ts', 'src/pool/index.ts', undefined],
    ['src/ipamd/run.ts', 'src/ipamd/engine.ts', undefined],
    ['src/bin/main.ts', 'src/commands/status.ts', undefined],
    ['src/hostspec/unit.ts', 'templates/unit.ini', undefined],
    ['src/ipamd/run.ts', 'src/pool/decide.ts', 'pool is imported only through its index.ts'],
    [
      'src/ipamd/run.ts',
      'src/installer/index.ts',
      'ipamd and installer are programs, and programs never import each other',
    ],
    ['src/pool/decide.ts', 'src/sys/index.ts', 'imports go down, and sys (level 3) is not below pool (level 3)'],
    ['src/errors/cni.ts', 'src/addr/index.ts', 'imports go down, and addr (level 1) is not below errors (level 0)'],
    ['src/utils/x.ts', 'src/addr/index.ts', 'utils is no room of the design'],
    ['src/ipamd/run.ts', 'templates/x', 'ipamd may not read templates/x: only hostspec reads templates'],
    [
      'src/sim/run.ts',
      'src/config/index.ts',
      'sim may import only vpc addr log sys errors, so that no mistake hides in product and simulator alike',
    ],
  ] as const;
  for (const [from, to, reason] of rows) {
    test(`${from} → ${to}: ${reason ?? 'fine'}`, () => expect(objection(from, to)).toBe(reason));
  }

  test('imports are found in every form', () => {
    const text = `import a from 'a';\nimport {\n  b,\n  type C,\n} from 'b';\nexport { d } from 'd';\nimport type { E } from 'e';
      import 'f';\nconst g = () => import('g');\n// import h from 'h';\n/** from 'i' */\nconst from = 'j';\n`;
    expect(importsOf(text)).toEqual(['a', 'b', 'd', 'e', 'f', 'g']);
  });

  test('code is told from strings, templates, comments and regular expressions', () => {
    const text =
      "a('x as Y'); // b as C\nconst t = `p as Q #{r + `#{s}` + {u: 1}.u} z`; const q = 1 / 2; x = /as '[/]`/g.test(w);";
    expect(codeOf(text.replaceAll('#{', '${')).replace(/\s+/g, ' ')).toBe(
      "a(''); const t = r + s + {u: 1}.u; const q = 1 / 2; x = ''.test(w);",
    );
  });
});
