import type { Command } from 'commander';
import { SCENARIOS } from '../../sim/index.ts';
import { EXIT } from '../report.ts';
import { answer, type CommonOptions, type SimContext, table } from './context.ts';
import { loadScenario, readScenario } from './load-scenario.ts';

type JsonOption = Pick<CommonOptions, 'json'>;

const EXAMPLES = `
Examples:
  vpc-cni sim scenario list
  vpc-cni sim scenario show slow-attach > mine.json
  vpc-cni sim scenario check mine.json
  vpc-cni sim up --scenario mine.json
`;

/** `sim scenario list|show|check`. */
export function addScenarioCommands(program: Command, context: SimContext): void {
  const scenario = program.command('scenario').description('situations as files: list, show and check them');
  const command = (name: string, description: string): Command =>
    scenario
      .command(name)
      .description(description)
      .option('--json', 'one JSON document on stdout')
      .addHelpText('after', EXAMPLES);
  command('list', 'the scenarios that ship with the program').action((options: JsonOption) => {
    const all = [...SCENARIOS].map(([name]) => ({ name, description: descriptionOf(name) }));
    answer(context, options, { json: all, text: table(all.map((one) => [one.name, one.description])) });
  });
  command('show', 'print a scenario')
    .argument('<name>', 'one of the list, or a file')
    .action((name: string, options: JsonOption) => {
      if (options.json === true) answer(context, options, { json: loadScenario(name), text: '' });
      else context.stdout(readScenario(name).text);
    });
  command('check', 'say what is wrong with a scenario file')
    .argument('<file>', 'a file, or one of the list')
    .action((file: string, options: JsonOption) => {
      const { parsed } = readScenario(file);
      const findings = parsed.kind === 'findings' ? parsed.findings : [];
      answer(context, options, {
        json: { ok: findings.length === 0, findings },
        text:
          findings.length === 0
            ? `${file} is a scenario\n`
            : table(findings.map(({ pointer, message }) => [pointer === '' ? '/' : pointer, message])),
      });
      if (findings.length > 0) context.exit(EXIT.usage);
    });
}

function descriptionOf(name: string): string {
  const { parsed } = readScenario(name);
  return parsed.kind === 'scenario' ? (parsed.scenario.description ?? '') : '';
}
