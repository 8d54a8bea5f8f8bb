import { AzureDevOpsProblem } from './problem.ts';
import type { ClassificationNode, Project, Store } from './store.ts';

export function treeNameProblem(workItemId: number, field: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(
    400,
    'WorkItemFieldInvalidTreeNameException',
    `TF401347: Invalid tree name given for work item ${workItemId}, field '${field}'.`,
  );
}

export function nodeOf(
  store: Store,
  project: Project,
  field: string,
  path: string,
): ClassificationNode | undefined {
  return store.findNode(field === 'System.AreaPath' ? project.areas : project.iterations, path);
}

export function nodeById(
  project: Project,
  structure: 'area' | 'iteration',
  id: number,
): ClassificationNode | undefined {
  const search = (node: ClassificationNode): ClassificationNode | undefined => {
    if (node.id === id) return node;
    for (const child of node.children) {
      const found = search(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(structure === 'area' ? project.areas : project.iterations);
}

/** `path` of a node in the API: `\Fabrikam\Area\Web`, unlike the field's `Fabrikam\Web`. */
export function nodeView(
  organizationUrl: string,
  project: Project,
  node: ClassificationNode,
  depth: number,
): Record<string, unknown> {
  const [root, ...rest] = node.path.split('\\');
  const group = node.structure === 'area' ? 'Areas' : 'Iterations';
  const middle = node.structure === 'area' ? 'Area' : 'Iteration';
  const suffix = rest.map((part) => `/${encodeURIComponent(part)}`).join('');
  return {
    id: node.id,
    identifier: node.identifier,
    name: node.name,
    structureType: node.structure,
    hasChildren: node.children.length > 0,
    ...(node.attributes === undefined ? {} : { attributes: node.attributes }),
    ...(depth > 0 && node.children.length > 0
      ? { children: node.children.map((child) => nodeView(organizationUrl, project, child, depth - 1)) }
      : {}),
    path: `\\${[root, middle, ...rest].join('\\')}`,
    url: `${organizationUrl}/${project.id}/_apis/wit/classificationNodes/${group}${suffix}`,
  };
}
