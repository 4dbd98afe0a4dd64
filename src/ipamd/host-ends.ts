import { DEAD_LINK_GROUP, egressFamilyOf, hostVethName, type Link, readPodAlias } from '../dataplane/index.ts';
import { findLink, listLinks } from '../kernel/index.ts';
import type { Owner } from '../pool/index.ts';
import { identityOf } from './attachment.ts';
import { isOfAttachment } from './nics.ts';
import type { Node } from './parts.ts';

/** Whose host end a link is, as its alias says; `undefined` for any other link, and for one whose pod is gone. */
function podOf({ alias, group }: Link): ReturnType<typeof readPodAlias> {
  return alias === undefined || group === DEAD_LINK_GROUP ? undefined : readPodAlias(alias);
}

/**
 * The name of this interface's host end; `undefined` when it is gone. The alias decides: a new sandbox of the same pod
 * has a host end of the same name, and the prefix may have been another one when the pod was wired.
 */
export function hostEndOf(
  { socket, settings }: Pick<Node, 'socket' | 'settings'>,
  owner: Owner,
  vethPrefix: string | undefined,
): string | undefined {
  const isOurs = (link: Link): boolean => {
    const pod = podOf(link);
    return pod?.containerId === owner.containerId && pod.ifName === owner.ifName;
  };
  const name = hostVethName(vethPrefix ?? settings.AWS_VPC_K8S_CNI_VETHPREFIX, identityOf(owner));
  const expected = findLink(socket, name);
  if (expected !== undefined && isOurs(expected)) return name;
  return listLinks(socket).find(isOurs)?.name;
}

/** The host ends of an attachment, whatever they are called. */
export function hostEndsOf({ socket }: Pick<Node, 'socket'>, owner: Owner): readonly string[] {
  return listLinks(socket).flatMap((link) => {
    const pod = podOf(link);
    return pod !== undefined && isOfAttachment(pod, owner) ? [link.name] : [];
  });
}

/** Everybody whose host end is here; an interface for egress is the other plugin's. */
export function ownersSeen({ socket }: Pick<Node, 'socket'>): readonly Owner[] {
  return listLinks(socket).flatMap((link): readonly Owner[] => {
    const pod = podOf(link);
    return pod === undefined || egressFamilyOf(pod.ifName) !== undefined
      ? []
      : [{ ...pod, podNamespace: pod.namespace, podName: pod.name }];
  });
}
