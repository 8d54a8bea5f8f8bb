interface Named {
  id: string;
  name: string;
}

const lower = (text: string) => text.trim().toLowerCase();

/** As conditions are judged: a value may be named by id or by name, in small letters or large. */
const isNamed = (choice: Named, value: string): boolean =>
  lower(choice.id) === lower(value) || lower(choice.name) === lower(value);

export interface OfferedValue extends Named {
  chosen: boolean;
  /** Stored, but not among what the system offers. */
  unknown: boolean;
}

/** What can be chosen: stored values that the system does not offer first, so that nothing that counts is out of sight. */
export function offeredValues(values: readonly string[], choices: readonly Named[]): OfferedValue[] {
  const unknown = [...new Set(values)].filter((value) => !choices.some((choice) => isNamed(choice, value)));
  return [
    ...unknown.map((id) => ({ id, name: id, chosen: true, unknown: true })),
    ...choices.map((choice) => ({
      id: choice.id,
      name: choice.name,
      chosen: values.some((value) => isNamed(choice, value)),
      unknown: false,
    })),
  ];
}

/** The values once one of the offered is put to them or taken away; the others stay as they are written. */
export const toggled = (values: readonly string[], offered: OfferedValue): string[] =>
  offered.chosen ? values.filter((value) => !isNamed(offered, value)) : [...values, offered.id];
