import { createLog } from '../../backend/observability/log.ts';
import { createRedactor } from '../../backend/security/redaction.ts';

/** Logs to standard output and goes on as its argument says. */
const log = createLog({ level: 'info', redactor: createRedactor() });
const [how] = process.argv.slice(2);

for (let n = 0; n < 200; n += 1) log.info('test.counted', { n });
if (how === 'exit') process.exit(3);
if (how === 'throw') throw new Error('not caught');
if (how === 'warn') {
  log.warn('test.warned');
  // No turn of the event loop any more.
  for (;;);
}
setTimeout(() => process.exit(0), 60_000);
