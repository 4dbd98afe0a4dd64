import { FINDINGS } from './finding.ts';

const text = { type: 'string', minLength: 1 } as const;

const FINDING = {
  type: 'object',
  required: ['code', 'severity', 'evidence', 'remedy'],
  additionalProperties: false,
  properties: {
    code: { enum: Object.keys(FINDINGS) },
    severity: { enum: ['fault', 'warning', 'note'] },
    evidence: { ...text, description: 'on which object, with which value' },
    remedy: { ...text, description: 'what to do' },
  },
} as const;

/** JSON Schema of what `doctor --json` says; names and meanings stay, more may be added. */
export const DOCTOR_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['ok', 'findings'],
  additionalProperties: false,
  properties: {
    ok: { type: 'boolean', description: 'whether no finding is a fault' },
    findings: { type: 'array', items: FINDING },
    repaired: { type: 'array', items: FINDING, description: 'what --fix put right; only there with --fix' },
  },
} as const;
