import type { MappingProblem } from '../contract/mappings.ts';
import type { FieldDescription } from './record.ts';

/**
 * A field that the mapping's template or type keeps from being written. A warning, because links go on: the template
 * counts only when tickets are created, and what a type takes is what the system tells of it today.
 */
export function checkBarred(
  { name, barredBy }: FieldDescription,
  field: string,
  creates: boolean,
): MappingProblem[] {
  const warn = (problem: string, remedy: string): MappingProblem[] => [
    { field, severity: 'warning', problem, remedy },
  ];
  if (barredBy === 'type') {
    return warn(
      `Tickets of this type do not take ${name}`,
      'Turn the direction round, choose another field, or choose another ticket type.',
    );
  }
  if (barredBy === 'template' && creates) {
    return warn(
      `The template keeps ${name} from being written in a new ticket`,
      'Turn the direction round, choose another field, or create tickets without the template.',
    );
  }
  return [];
}
