import { describeConversation, describeFiles } from './conformance/conversation.ts';
import { describeFailures, describeFeed, describeHooks } from './conformance/failures.ts';
import { describeRecords } from './conformance/records.ts';
import type { ConformanceInput, ConformanceSystem } from './conformance/system.ts';

/** One suite for every system that records are kept in: all ticket systems, and Azure DevOps itself. */
export function runConformance({ name, open }: ConformanceInput): void {
  describe(name, () => {
    let current: ConformanceSystem | undefined;
    const side = () => {
      if (current === undefined) throw new Error('the system is not open');
      return current;
    };
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await current?.close();
      current = undefined;
    });
    describe('records', () => describeRecords(side));
    describe('conversation', () => describeConversation(side));
    describe('files', () => describeFiles(side));
    describe('failures', () => describeFailures(side));
    describe('feed', () => describeFeed(side));
    describe('hooks', () => describeHooks(side));
  });
}
