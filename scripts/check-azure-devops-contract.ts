/**
 * Checks the Azure DevOps simulator against Microsoft's own OpenAPI 2.0 files (MicrosoftDocs/vsts-rest-api-specs):
 *
 *   node scripts/check-azure-devops-contract.ts <folder with rest-7.1> [--record exchanges.ndjson]
 *
 * The folder holds `core/core.json`, `wit/workItemTracking.json` and `hooks/serviceHooks.json`; they are not part of
 * this repository. `--record` checks exchanges that our own client made: one JSON object per line with
 * `{ method, url, requestBody?, status, responseBody? }`. Exits with 1 and the list of violations when there are any.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Contract, loadContract } from '../test/sandbox/azure-devops/contract/openapi.ts';
import { exerciseRoutes } from '../test/sandbox/azure-devops/contract/tour.ts';
import { startAzureDevOps } from '../test/sandbox/azure-devops/server.ts';

interface Exchange {
  method: string;
  url: string;
  requestBody?: unknown;
  status: number;
  responseBody?: unknown;
}

function checkRecorded(contract: Contract, path: string): string[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.flatMap((line) => {
    const exchange = JSON.parse(line) as Exchange;
    return contract.validateExchange(
      exchange.method,
      exchange.url,
      exchange.requestBody,
      exchange.status,
      exchange.responseBody,
    );
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { record: { type: 'string' } },
  });
  const [folder] = positionals;
  if (folder === undefined) {
    process.stderr.write(
      'usage: check-azure-devops-contract.ts <folder with rest-7.1> [--record file.ndjson]\n',
    );
    return 2;
  }
  const contract = loadContract(
    ['core/core.json', 'wit/workItemTracking.json', 'hooks/serviceHooks.json'].map((file) =>
      join(folder, file),
    ),
  );
  const violations: string[] = [];
  const simulator = await startAzureDevOps();
  try {
    const tour = await exerciseRoutes(simulator);
    for (const visit of tour.visits)
      violations.push(
        ...contract.validateExchange(
          visit.method,
          visit.url,
          visit.requestBody,
          visit.status,
          visit.responseBody,
        ),
      );
    for (const id of tour.notVisited) violations.push(`route ${id} was not visited`);
    process.stdout.write(
      `${tour.visits.length} exchanges over ${simulator.routes.length} routes; ${contract.checked()} had a schema, ${contract.unknown().length} have none in the files:\n`,
    );
    for (const path of contract.unknown()) process.stdout.write(`  no schema: ${path}\n`);
  } finally {
    await simulator.close();
  }
  if (values.record !== undefined) violations.push(...checkRecorded(contract, values.record));
  process.stdout.write('relaxed, because the files say less or other than the service sends:\n');
  for (const reason of contract.relaxations) process.stdout.write(`  ${reason}\n`);
  for (const violation of violations) process.stderr.write(`VIOLATION ${violation}\n`);
  process.stdout.write(`${violations.length} violations\n`);
  return violations.length === 0 ? 0 : 1;
}

process.exitCode = await main();
