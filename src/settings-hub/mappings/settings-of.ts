import type { Mapping, MappingSettings } from '../../../backend/contract/mapping.ts';

/** What a person can change of a stored mapping. */
export function settingsOf(mapping: Mapping): MappingSettings {
  const {
    id: _id,
    version: _version,
    position: _position,
    updatedAt: _at,
    updatedBy: _by,
    ...settings
  } = mapping;
  return settings;
}
