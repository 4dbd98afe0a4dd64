import { formatCidr } from '../../src/addr/index.ts';
import { type PodIdentity, type Rule, ruleKey, type Step } from '../../src/dataplane/index.ts';

/** default/nginx as a runtime names it. */
export const nginx: PodIdentity = {
  network: 'aws-cni',
  namespace: 'default',
  name: 'nginx',
  containerId: '0123abcd',
  ifName: 'eth0',
};

/** A step as one line, in the words of ip(8). */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'add-vlan':
      return `link add link ${step.vlan.parent} ${step.vlan.name} address ${step.vlan.mac} type vlan id ${step.vlan.id}`;
    case 'set-link':
      return [
        `link set ${step.link}`,
        step.mtu === undefined ? [] : `mtu ${step.mtu}`,
        step.up ? 'up' : [],
        step.group === undefined ? [] : `group ${step.group}`,
        step.alias === undefined ? [] : `alias "${step.alias}"`,
      ]
        .flat()
        .join(' ');
    case 'add-address':
    case 'remove-address':
      return `addr ${step.kind === 'add-address' ? 'add' : 'del'} ${formatCidr(step.address.address)} dev ${step.address.link}`;
    case 'replace-route':
    case 'remove-route': {
      const { destination, gateway, link, table } = step.route;
      const via = gateway === undefined ? '' : ` via ${gateway}`;
      return `route ${step.kind === 'replace-route' ? 'replace' : 'del'} ${formatCidr(destination)}${via} dev ${link} table ${table}`;
    }
    case 'add-rule':
      return `rule add ${ruleText(step.rule)}${step.beside ? ' beside' : ''}${step.protocol === undefined ? '' : ` protocol ${step.protocol}`}`;
    case 'remove-rule':
      return `rule del ${ruleText(step.rule)}`;
    case 'remove-foreign-rule':
      return `rule del ${ruleText(step.rule)} protocol ${step.protocol}`;
    case 'set-neighbour':
      return `neigh replace ${step.address} lladdr ${step.mac} dev ${step.link} nud permanent`;
    default:
      return step satisfies never;
  }
}

export const ruleText = (rule: Rule): string => ruleKey(rule);
export const stepsText = (steps: readonly Step[]): string => steps.map(stepText).join('\n');
