import type { ConnectorManifest } from '../contract/connector-manifest.ts';
import { restVersions } from './api-versions.ts';

const entraOnly = 'Only for the sign-in with Entra ID.';

/**
 * Azure DevOps as a connection, so that an admin sees its health beside the others and can renew its credentials.
 * Every tenant has exactly one, made when the operator registers the organisation; its address is the operator's.
 */
export const azureDevOpsManifest: ConnectorManifest = {
  kind: 'azure-devops',
  name: 'Azure DevOps',
  ticketNoun: 'work item',
  description:
    'The organisation or collection itself: the account with which Tandem reads and writes work items.',
  documentationUrl:
    'https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/authentication-guidance',
  settings: [
    {
      name: 'authKind',
      label: 'Sign-in',
      help: 'An Entra ID service principal (Services only) or a personal access token.',
      type: 'choice',
      required: true,
      default: 'pat',
      choices: [
        { id: 'pat', name: 'Personal access token' },
        { id: 'entra', name: 'Entra ID service principal' },
      ],
      advanced: false,
    },
    {
      name: 'tenantId',
      label: 'Entra tenant',
      help: `Id or domain of the Entra ID tenant. ${entraOnly}`,
      type: 'text',
      required: false,
      pattern: { source: '^[A-Za-z0-9.-]*$', message: 'Enter the id (a GUID) or the domain of the tenant' },
      placeholder: '11111111-2222-3333-4444-555555555555',
      advanced: false,
    },
    {
      name: 'clientId',
      label: 'Application (client) id',
      help: `Of the service principal that was added to the organisation. ${entraOnly}`,
      type: 'text',
      required: false,
      pattern: { source: '^[A-Za-z0-9-]*$', message: 'Enter the application id, a GUID' },
      advanced: false,
    },
    {
      name: 'identitiesUrl',
      label: 'Address of identities',
      help: 'Where people are looked up, when it is not the usual address of the service.',
      type: 'url',
      required: false,
      advanced: true,
    },
    {
      name: 'entraUrl',
      label: 'Address of Entra ID',
      help: 'For national clouds; else https://login.microsoftonline.com.',
      type: 'url',
      required: false,
      advanced: true,
    },
    {
      name: 'apiVersion',
      label: 'API version',
      help: 'Of the REST interface. Automatic asks the server and takes its newest released one; 7.2 is a preview, on Services only.',
      type: 'choice',
      required: true,
      default: 'automatic',
      choices: [
        { id: 'automatic', name: 'Automatic' },
        ...restVersions.map((version) => ({ id: version, name: version })),
      ],
      advanced: true,
    },
    {
      name: 'allowStatePath',
      label: 'Reach states over others',
      help: 'A state that cannot be set in one step may be reached over at most two others; each leaves a revision.',
      type: 'boolean',
      required: false,
      default: false,
      advanced: true,
    },
  ],
  secrets: [
    {
      name: 'pat',
      label: 'Personal access token',
      help: 'With the scopes Work items (read & write), Project and team (read) and Identity (read).',
      required: false,
      endHelp:
        'In Azure DevOps, signed in as the account of the token: User settings, Personal access tokens, column “Expires on”.',
      origin: 'typed',
    },
    {
      name: 'clientSecret',
      label: 'Client secret',
      help: `Of the service principal. ${entraOnly}`,
      required: false,
      endHelp:
        'In the Microsoft Entra admin center: App registrations, the application, Certificates & secrets, column “Expires”.',
      origin: 'typed',
    },
    {
      name: 'hookPassword',
      label: 'Password of the service hooks',
      help: 'Made by Tandem; part of the service hooks that it registers.',
      required: false,
      origin: 'generated',
    },
  ],
  capabilities: {
    create: true,
    transition: 'field',
    commentsRead: true,
    commentsWrite: true,
    // Work items know no visibility: everyone who sees the work item sees its comments.
    commentVisibility: 'publicOnly',
    attachmentsRead: true,
    attachmentsWrite: true,
    attachmentsMaxBytes: 60 * 1024 * 1024,
    concurrency: 'field',
    changeFeed: 'sequence',
    webhook: 'api',
    richText: 'html',
    priorities: true,
    assignee: true,
    templates: false,
    tellsDeleted: true,
  },
  budget: { requestsPerSecond: 60, concurrent: 12 },
};
