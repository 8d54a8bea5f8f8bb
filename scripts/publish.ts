/**
 * Publishes the package that `npm run package` made.
 *
 *   MARKETPLACE_TOKEN=… npm run publish -- [--share-with contoso,fabrikam] [--service-url https://devops.example.com/tfs]
 *
 * MARKETPLACE_TOKEN   personal access token of the publisher: organisation "All accessible organizations", scope
 *                     Marketplace (Publish). Read from the environment only, so that no shell history keeps it.
 * --vsix              another package than the one of this version
 * --share-with        organisations that may install the private extension
 * --service-url       publish to an Azure DevOps Server's own gallery instead of the Marketplace
 * --dry-run           check everything, publish nothing
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkPackage } from './check-package.ts';

const root = `${import.meta.dirname}/..`;
const { values } = parseArgs({
  options: {
    vsix: { type: 'string' },
    'share-with': { type: 'string' },
    'service-url': { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
  },
});

function main(): number {
  const { publisher, id, version } = JSON.parse(readFileSync(`${root}/vss-extension.json`, 'utf8')) as Record<
    'publisher' | 'id' | 'version',
    string
  >;
  const vsix = values.vsix ?? `${root}/dist/${publisher}.${id}-${version}.vsix`;
  const token = process.env.MARKETPLACE_TOKEN ?? '';
  const problems = [
    ...(token === '' && !values['dry-run']
      ? [
          'MARKETPLACE_TOKEN is not set. Make a token with the scope Marketplace (Publish) and set it for this command.',
        ]
      : []),
    ...(existsSync(vsix) ? packageProblems(vsix) : [`There is no ${vsix}. Run npm run package first.`]),
  ];
  if (problems.length > 0) {
    for (const problem of problems) console.error(problem);
    return 1;
  }
  if (values['dry-run']) {
    console.log(`${vsix} could be published.`);
    return 0;
  }
  const args = [
    'extension',
    'publish',
    '--vsix',
    vsix,
    '--no-prompt',
    '--auth-type',
    'pat',
    '--token',
    token,
  ];
  if (values['share-with']) args.push('--share-with', ...values['share-with'].split(','));
  if (values['service-url']) args.push('--service-url', values['service-url']);
  return spawnSync(`${root}/node_modules/.bin/tfx`, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

const packageProblems = (vsix: string) => checkPackage(readFileSync(vsix)).problems;

process.exitCode = main();
