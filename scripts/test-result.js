// Prints `N passed, N failed`, the last line of a CI run, from the JSON that Jest wrote (its --outputFile; missing when
// Jest itself broke down) and the number of other steps that failed.
import { existsSync, readFileSync } from 'node:fs';

const [resultFile, failedSteps] = process.argv.slice(2);
const result = existsSync(resultFile)
  ? JSON.parse(readFileSync(resultFile, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
// A file that does not even load has no tests to count, and must not look like success.
const failed = result.numFailedTests + result.numRuntimeErrorTestSuites + Number(failedSteps);
console.log(`${result.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed > 0 || result.numPassedTests === 0 ? 1 : 0;
