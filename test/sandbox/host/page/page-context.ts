import type { Contribution, PageData } from '../page-data.ts';
import type { PageSettings } from './settings.ts';
import { themeIds, themeOf } from './theme.ts';

/** What the host answers to a frame's first message, in the shape of today or in that of older servers. */
export function handshakeOf(
  data: PageData,
  settings: PageSettings,
  contribution: Contribution,
  configuration: Record<string, unknown>,
): object {
  const { user, organization, project, extension } = data;
  const pageContext = {
    webContext: { project: { id: project.id, name: project.name }, team: project.team },
    globalization: {
      theme: themeIds[settings.theme],
      culture: navigator.language,
      explicitTheme: '',
      timeZoneId: Intl.DateTimeFormat().resolvedOptions().timeZone,
      timezoneOffset: -new Date().getTimezoneOffset() * 60_000,
      typeAheadDisabled: false,
    },
    timeZonesConfiguration: { daylightSavingsAdjustments: [] },
  };
  const person = {
    descriptor: user.descriptor,
    id: user.id,
    name: user.uniqueName,
    displayName: user.displayName,
    imageUrl: '',
  };
  const host = {
    id: organization.id,
    name: organization.name,
    serviceVersion: organization.isHosted ? 'Dev19.M277.1' : 'Dev17.M153.5',
    type: 4,
    isHosted: organization.isHosted,
  };
  const themeData = themeOf(settings.theme);
  if (settings.handshake === 'legacy') {
    return {
      pageContext,
      initialConfig: configuration,
      contribution: { id: contribution.id },
      extensionContext: {
        publisherId: extension.publisherId,
        extensionId: extension.extensionId,
        version: extension.version,
      },
      context: { user: person, host },
      themeData,
    };
  }
  const { id, publisherId, extensionId, version } = extension;
  return {
    contributionId: contribution.id,
    initialConfig: configuration,
    context: {
      extension: { id, publisherId, extensionId, version, baseUri: '' },
      user: person,
      host,
      pageContext,
    },
    themeData,
  };
}
