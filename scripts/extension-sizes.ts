/** Prints what each page of the built extension loads, compressed, and fails above its budget. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const folder = `${import.meta.dirname}/../dist/extension`;

/** Kilobytes (1,000 bytes), scripts and styles together. The panel opens with every work item, the hub seldom. */
const budgetsKb: Record<string, number> = {
  'work-item-panel': 130,
  'work-item-page': 130,
  'ticket-dialog': 130,
  'settings-hub': 260,
  'work-item-observer': 20,
  'ticket-menu': 20,
};

const compressed = (name: string) => gzipSync(readFileSync(`${folder}/${name}`), { level: 9 }).length;

for (const page of readdirSync(folder).filter((name) => name.endsWith('.html'))) {
  const html = readFileSync(`${folder}/${page}`, 'utf8');
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => ({
    name,
    bytes: compressed(name),
  }));
  const totalKb = loaded.reduce((sum, { bytes }) => sum + bytes, 0) / 1000;
  const budgetKb = budgetsKb[page.replace('.html', '')] ?? 0;
  const detail = loaded.map(({ name, bytes }) => `${name} ${(bytes / 1000).toFixed(1)}`).join(', ');
  console.log(`${page.padEnd(26)} ${totalKb.toFixed(1).padStart(6)} of ${budgetKb} kB gz (${detail})`);
  if (totalKb > budgetKb) process.exitCode = 1;
}
