// Prints `N passed, N failed` for the JSON that Jest wrote (its --outputFile), as the last line of a CI run.
import { readFileSync } from 'node:fs';

const result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A file that does not even load has no tests to count, and must not look like success.
const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
console.log(`${result.numPassedTests} passed, ${failed} failed`);
