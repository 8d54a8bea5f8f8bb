import { z } from 'zod';
import type { Client } from './client.ts';

interface AreaNode {
  name: string;
  children?: AreaNode[] | null | undefined;
}

const areaNode: z.ZodType<AreaNode> = z.lazy(() =>
  z.object({ name: z.string(), children: z.array(areaNode).nullish() }),
);

/** Deeper than anybody nests areas; what lies below is not offered. */
const depth = 20;

/**
 * All areas of a project, each after the one above it. Built from the names: a node's own `path` has a further part that
 * work items do not show (`\\Fabrikam\\Area\\Web`).
 */
export const readAreas = async (client: Client, project: string): Promise<string[]> => {
  const root = await client.json(
    {
      method: 'GET',
      project,
      path: 'wit/classificationnodes/Areas',
      query: { $depth: depth },
      resource: 'classificationNodes',
      route: 'areas.list',
      maxAnswerBytes: 16 * 1024 * 1024,
    },
    areaNode,
  );
  const pathsOf = ({ name, children }: AreaNode, above: string): string[] => [
    above + name,
    ...(children ?? []).flatMap((child) => pathsOf(child, `${above}${name}\\`)),
  ];
  return pathsOf(root, '');
};
