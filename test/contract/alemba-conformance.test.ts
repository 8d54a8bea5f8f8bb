import { openAlemba } from './alemba-harness.ts';
import { runConformance } from './conformance.ts';

runConformance({ name: 'Alemba', open: () => openAlemba() });
