import { openAzureDevOps } from './azure-devops-harness.ts';
import { runConformance } from './conformance.ts';

runConformance({ name: 'Azure DevOps', open: () => openAzureDevOps() });
