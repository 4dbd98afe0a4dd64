import { readFileSync, statSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { type ParsedScenario, parseScenario, SCENARIOS, type Scenario } from '../../sim/index.ts';

/** A scenario is a page or two; whatever is larger is something else. */
const MOST_BYTES = 4 * 1024 * 1024;

/** A scenario of the library by name, or of a file by path, with everything that is wrong with it. */
export function readScenario(wanted: string): { readonly text: string; readonly parsed: ParsedScenario } {
  const text = SCENARIOS.get(wanted) ?? readFile(wanted);
  return { text, parsed: parseScenario(text) };
}

/** The same, when nothing is wrong with it. Throws `SIM_SCENARIO_MISSING` or `SIM_SCENARIO_INVALID` with every finding. */
export function loadScenario(wanted: string): Scenario {
  const { parsed } = readScenario(wanted);
  if (parsed.kind === 'scenario') return parsed.scenario;
  const findings = parsed.findings.map(({ pointer, message }) => `${pointer === '' ? '/' : pointer} ${message}`);
  throw new HostError('SIM_SCENARIO_INVALID', { scenario: wanted, findings: findings.join('; ') });
}

function readFile(path: string): string {
  const missing = (): HostError =>
    new HostError('SIM_SCENARIO_MISSING', { scenario: path, known: [...SCENARIOS.keys()].join(', ') });
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw missing();
  const refuse = (reason: string): HostError => new HostError('FILE_FAILED', { action: 'read', path, reason });
  if (!stat.isFile()) throw refuse('it is no regular file');
  if (stat.size > MOST_BYTES) throw refuse(`it has ${stat.size} bytes, more than ${MOST_BYTES}`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new HostError('FILE_FAILED', { action: 'read', path, reason: String(error) }, error);
  }
}
